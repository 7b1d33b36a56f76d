/**
 * Judgements on one shard that checkers, schedulers and operators share.
 *
 * The safety of changing members rests on two of them: `isSettled` (one change at a time, each
 * confirmed by the group before the next) and `keepsQuorum`.
 */

import type { ReplicaView, ShardView } from './cluster-view.ts'

/** A collection asks for so many of each. A learner that is to be a voter is neither yet. */
export type MemberKind = 'voter' | 'search-only'

/** Members that vote, by the catalog. */
export function votersOf(shard: ShardView): ReplicaView[] {
  return shard.replicas.filter(({ learner, leaving }) => !learner && !leaving)
}

/** Members of a kind, by the catalog. */
export function membersOf(shard: ShardView, kind: MemberKind): ReplicaView[] {
  if (kind === 'voter') return votersOf(shard)
  return shard.replicas.filter(({ searchOnly, leaving }) => searchOnly && !leaving)
}

/** How many of a kind the collection asks for. */
export function wantedOf(shard: ShardView, kind: MemberKind): number {
  return kind === 'voter' ? shard.replicationFactor : shard.searchReplicas
}

/** What a replica is, or is to be. */
export function kindOf({ searchOnly }: ReplicaView): MemberKind {
  return searchOnly ? 'search-only' : 'voter'
}

/** Whether the shard has as many members of each kind as its collection asks for. */
export function isInNumber(shard: ShardView): boolean {
  return (
    votersOf(shard).length === shard.replicationFactor &&
    membersOf(shard, 'search-only').length === shard.searchReplicas
  )
}

/** The replica that leads; undefined when nobody does, or it is forgotten already. */
export function leaderReplica({ replicas, leader }: ShardView): ReplicaView | undefined {
  if (leader === undefined) return undefined
  return replicas.find(({ replicaId }) => replicaId === leader.replicaId)
}

/** Nothing calls for another replica in its place. */
export function isSound({ worker, isLost }: ReplicaView): boolean {
  return !isLost && worker !== undefined && worker.life !== 'dead'
}

/** Sound, and not to be moved away either. */
export function isHealthy(replica: ReplicaView): boolean {
  return isSound(replica) && replica.worker?.draining === false
}

/** Takes part in its group now, as far as the leader and its worker say. */
export function isAlive(shard: ShardView, { replicaId, worker, isLost, member }: ReplicaView) {
  if (isLost || worker === undefined || worker.life === 'dead') return false
  if (shard.leader?.replicaId === replicaId) return true
  return member === undefined ? worker.life === 'up' : member.active
}

/** Has on its disk what the leader has, but for a few entries. */
export function isCaughtUp(shard: ShardView, { replicaId, member }: ReplicaView, lag: bigint) {
  const { leader } = shard
  if (leader === undefined) return false
  if (leader.replicaId === replicaId) return true
  return member !== undefined && hasLog(member, { lastIndex: leader.lastIndex, lag })
}

/** Whether a member's disk has a log that ends at `lastIndex`, but for `lag` entries. */
export function hasLog(
  { matchIndex, snapshot }: { readonly matchIndex: bigint; readonly snapshot: boolean },
  log: { readonly lastIndex: bigint; readonly lag: bigint },
): boolean {
  // One that has told of nothing yet has nothing: entries are few where each brings many points.
  return !snapshot && matchIndex > 0n && matchIndex + log.lag >= log.lastIndex
}

/** The group is where the catalog wants it: the next change may begin. */
export function isSettled({ leader, membershipVersion }: ShardView): boolean {
  return leader?.membershipVersion === membershipVersion && leader.jointMs === undefined
}

/** Whether these voters could commit at once: a majority is alive and caught up. */
export function keepsQuorum(
  shard: ShardView,
  voters: readonly ReplicaView[],
  lag: bigint,
): boolean {
  const ready = voters.filter(
    (replica) => isAlive(shard, replica) && isCaughtUp(shard, replica, lag),
  )
  return ready.length * 2 > voters.length
}

/** The leader's group has let the replica go. */
export function isReleased(shard: ShardView, replicaId: bigint): boolean {
  const isMember = shard.leader?.members.some((member) => member.replicaId === replicaId)
  return isSettled(shard) && isMember === false
}

/** Bytes of the shard: of its largest replica. */
export function bytesOf({ replicas }: ShardView): number {
  return replicas.reduce((most, { diskBytes }) => Math.max(most, diskBytes), 0)
}
