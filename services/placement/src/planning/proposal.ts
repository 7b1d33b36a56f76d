/**
 * Proposals: operators that somebody wants, before they begin. A checker, a scheduler or a person
 * proposes; what it asks for is told in steps.
 */

import type { ClusterView, ReplicaView, ShardView } from './cluster-view.ts'
import { isSound, kindOf, type MemberKind } from './shard-health.ts'
import type { Step } from './step.ts'

export type OperatorKind =
  | 'add_replica'
  | 'remove_replica'
  | 'move_replica'
  | 'replace_replica'
  | 'transfer_leader'

/** What must stay true until members are changed; else the operator is cancelled. */
export type Cause =
  | { readonly kind: 'worker-dead'; readonly workerId: bigint }
  | { readonly kind: 'worker-draining'; readonly workerId: bigint }
  | { readonly kind: 'rule' }
  | { readonly kind: 'balance' }
  | { readonly kind: 'person' }

export interface Proposal {
  readonly kind: OperatorKind
  readonly shardId: bigint
  readonly collection: string
  /** For people: which rule was broken, or what is balanced. */
  readonly reason: string
  readonly cause: Cause
  readonly steps: readonly Step[]
}

/** Who wants it, and why. */
export interface Wish {
  readonly reason: string
  readonly cause: Cause
}

/** One more member of a kind on `workerId`; one that is there already is taken further. */
export function addReplica(
  shard: ShardView,
  { kind, workerId }: { readonly kind: MemberKind; readonly workerId: bigint },
  wish: Wish,
): Proposal {
  return { kind: 'add_replica', ...about(shard, wish), steps: arrival(kind, workerId) }
}

export function removeReplica(shard: ShardView, replica: ReplicaView, wish: Wish): Proposal {
  return { kind: 'remove_replica', ...about(shard, wish), steps: removal(replica) }
}

/** A replica on `workerId` in the place of another; one that is there already is taken further. */
export function replaceReplica(
  shard: ShardView,
  old: ReplicaView,
  workerId: bigint,
  wish: Wish,
): Proposal {
  const kind = isSound(old) ? 'move_replica' : 'replace_replica'
  const steps = [...arrival(kindOf(old), workerId), ...removal(old)]
  return { kind, ...about(shard, wish), steps }
}

export function transferLeader(shard: ShardView, workerId: bigint, wish: Wish): Proposal {
  const steps: Step[] = [{ kind: 'lead-on', workerId }]
  return { kind: 'transfer_leader', ...about(shard, wish), steps }
}

/** Why a cause holds no longer; undefined while it does. */
export function contradiction(view: ClusterView, cause: Cause): string | undefined {
  switch (cause.kind) {
    case 'worker-dead': {
      const isDead = view.workers.get(cause.workerId)?.life === 'dead'
      return isDead ? undefined : `worker ${cause.workerId} is back`
    }
    case 'worker-draining': {
      const isDraining = view.workers.get(cause.workerId)?.draining === true
      return isDraining ? undefined : `worker ${cause.workerId} is no longer drained`
    }
    case 'rule':
    case 'balance':
    case 'person':
      return undefined
  }
}

function arrival(kind: MemberKind, workerId: bigint): Step[] {
  return [
    { kind: 'add', workerId, searchOnly: kind === 'search-only' },
    { kind: 'catch-up', workerId },
    ...(kind === 'voter' ? [{ kind: 'promote', workerId } as const] : []),
  ]
}

function removal({ replicaId, workerId, worker, learner }: ReplicaView): Step[] {
  const mayLead = worker?.life !== 'dead' && !learner
  return [
    ...(mayLead ? [{ kind: 'lead-elsewhere', workerId } as const] : []),
    { kind: 'remove', replicaId, workerId },
    { kind: 'forget', replicaId, workerId },
  ]
}

function about({ shardId, collection }: ShardView, { reason, cause }: Wish) {
  return { shardId, collection, reason, cause }
}
