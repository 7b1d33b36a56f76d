/**
 * The shard map as data: which shards are shown, and what each worker has of a shard.
 *
 * Invariant: rows keep their order while the cluster changes, so that nothing jumps under a
 * person's eyes: by collection, then by id.
 */
import type { ShardInfo, ShardReplica, WorkerInfo } from '@vectron/client'
import { formatPlural } from '../../kit/format.ts'
import type { StateTone } from '../../kit/state-dot.tsx'

export interface ShardFilter {
  /** A part of a collection's name, or a shard's id. */
  readonly find: string
  readonly isOnlyTroubled: boolean
}

/** What one worker has of one shard. */
export interface ReplicaMark {
  /** One letter, where there is no room for the word. */
  readonly letter: string
  readonly word: string
  readonly role: ShardReplica['role']
  readonly tone: StateTone
  /** Entries behind the leader; 0 for none. */
  readonly lag: number
  /** All of it in words. */
  readonly title: string
}

export function shownShards(shards: readonly ShardInfo[], filter: ShardFilter): ShardInfo[] {
  const wanted = filter.find.trim().toLowerCase()
  return shards
    .filter((shard) => !filter.isOnlyTroubled || isTroubled(shard))
    .filter(
      ({ collection, shardId }) =>
        wanted === '' || collection.toLowerCase().includes(wanted) || String(shardId) === wanted,
    )
    .toSorted(
      (a, b) => a.collection.localeCompare(b.collection) || Number(a.shardId) - Number(b.shardId),
    )
}

/** It lacks something, or is about to become another. */
export function isTroubled({ problems, changing, leaderWorkerId, replicas }: ShardInfo): boolean {
  return (
    problems.length > 0 ||
    changing ||
    Number(leaderWorkerId) === 0 ||
    replicas.some(({ state }) => state !== 'ready')
  )
}

/** undefined: the worker has nothing of it. */
export function markOf(
  shard: ShardInfo,
  workerId: WorkerInfo['workerId'],
): ReplicaMark | undefined {
  // One that leaves may still be there beside its successor.
  const own = shard.replicas.filter((replica) => replica.workerId === workerId)
  const replica = own.find(({ leaving }) => !leaving) ?? own[0]
  return replica && markReplica(replica)
}

export function markReplica(replica: ShardReplica): ReplicaMark {
  const { role, state, leaving, lag } = replica
  const { letter, word } = leaving ? LEAVING : ROLES[role]
  const behind = role !== 'leader' && lag > 0 ? lag : 0
  const parts = [leaving ? `${role}, leaving` : role, state]
  if (behind > 0) parts.push(`${formatPlural(behind, 'entry', 'entries')} behind`)
  return { letter, word, role, tone: toneOf(replica), lag: behind, title: parts.join(', ') }
}

const ROLES: Readonly<
  Record<ShardReplica['role'], { readonly letter: string; readonly word: string }>
> = {
  leader: { letter: 'L', word: 'leader' },
  voter: { letter: 'V', word: 'voter' },
  learner: { letter: '+', word: 'learner' },
  'search-only': { letter: 'S', word: 'search' },
}
const LEAVING = { letter: '−', word: 'leaving' }

export function toneOf({ state, leaving, role }: ShardReplica): StateTone {
  if (state === 'dead' || state.startsWith('failed')) return 'bad'
  if (state === 'ready') return leaving || role === 'learner' ? 'warn' : 'good'
  return 'warn'
}

/** Bytes on disk and points of a shard, by its fullest replica. */
export function sizeOf({ replicas }: ShardInfo): {
  readonly points: number
  readonly bytes: number
} {
  return {
    points: Math.max(0, ...replicas.map(({ pointsCount }) => pointsCount)),
    bytes: Math.max(0, ...replicas.map(({ diskBytes }) => diskBytes)),
  }
}

/** Entries that the slowest sound voter is behind. */
export function lagOf({ replicas }: ShardInfo): number {
  return Math.max(0, ...replicas.filter(({ role }) => role !== 'leader').map(({ lag }) => lag))
}
