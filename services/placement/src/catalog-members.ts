/**
 * Changes of a shard's members: from its replicas to the next ones, or to a refusal.
 *
 * Pure. Each change names the membership version that it was planned from; one that was planned
 * from another state is refused, so that two planners never add up to a change that neither meant.
 *
 * Invariants of what comes out: no two replicas of a shard on one worker, those that are leaving
 * included; at least one voter that stays.
 */

import { create } from '@bufbuild/protobuf'
import type { ErrorReason } from '@vectron/base'
import { placement } from '@vectron/contracts'

export type MembersChange =
  | {
      readonly kind: 'changed'
      readonly replicas: placement.Replica[]
      /** The members are others than before: a new membership version. */
      readonly isNewVersion: boolean
      readonly replicaId: bigint
    }
  | { readonly kind: 'refused'; readonly reason: ErrorReason; readonly message: string }

export function addReplica(
  shard: placement.ShardRouting,
  add: placement.AddReplica,
  replicaId: bigint,
): MembersChange {
  const { workerId, searchOnly } = add
  if (versionOf(shard) !== add.membershipVersion) return stale(shard, add.membershipVersion)
  if (shard.replicas.some((replica) => replica.workerId === workerId)) {
    return conflict(`Worker ${workerId} has a replica of shard ${shard.shardId} already.`)
  }
  const added = create(placement.ReplicaSchema, { replicaId, workerId, learner: true, searchOnly })
  return changed([...shard.replicas, added], replicaId)
}

export function promoteReplica(
  shard: placement.ShardRouting,
  { replicaId, membershipVersion }: placement.PromoteReplica,
): MembersChange {
  if (versionOf(shard) !== membershipVersion) return stale(shard, membershipVersion)
  const replica = shard.replicas.find((candidate) => candidate.replicaId === replicaId)
  if (replica === undefined || replica.leaving) return noReplica(shard, replicaId)
  if (!replica.learner) return conflict(`Replica ${replicaId} is a voter already.`)
  return changed(replace(shard, replicaId, { learner: false, searchOnly: false }), replicaId)
}

export function removeReplica(
  shard: placement.ShardRouting,
  { replicaId, membershipVersion }: placement.RemoveReplica,
): MembersChange {
  if (versionOf(shard) !== membershipVersion) return stale(shard, membershipVersion)
  const replica = shard.replicas.find((candidate) => candidate.replicaId === replicaId)
  if (replica === undefined || replica.leaving) return noReplica(shard, replicaId)
  const isLastVoter = !shard.replicas.some(
    (other) => other !== replica && !other.learner && !other.leaving,
  )
  if (isLastVoter) return conflict(`Replica ${replicaId} is the last voter of its shard.`)
  return changed(replace(shard, replicaId, { leaving: true }), replicaId)
}

export function forgetReplica(
  shard: placement.ShardRouting,
  { replicaId }: placement.ForgetReplica,
): MembersChange {
  const replica = shard.replicas.find((candidate) => candidate.replicaId === replicaId)
  if (replica === undefined) return noReplica(shard, replicaId)
  if (!replica.leaving) return conflict(`Replica ${replicaId} is a member of its shard.`)
  const replicas = shard.replicas.filter((other) => other !== replica)
  return { kind: 'changed', replicas, isNewVersion: false, replicaId }
}

/** The membership version of a shard. */
export function versionOf({ epoch }: placement.ShardRouting): bigint {
  return epoch?.membership ?? 0n
}

function replace(
  shard: placement.ShardRouting,
  replicaId: bigint,
  change: Partial<Pick<placement.Replica, 'learner' | 'searchOnly' | 'leaving'>>,
): placement.Replica[] {
  return shard.replicas.map((replica) =>
    replica.replicaId === replicaId ? { ...replica, ...change } : replica,
  )
}

function changed(replicas: placement.Replica[], replicaId: bigint): MembersChange {
  return { kind: 'changed', replicas, isNewVersion: true, replicaId }
}

function stale(shard: placement.ShardRouting, planned: bigint): MembersChange {
  const message = `Shard ${shard.shardId} has membership version ${versionOf(shard)}, not ${planned}.`
  return { kind: 'refused', reason: 'STALE_EPOCH', message }
}

function noReplica(shard: placement.ShardRouting, replicaId: bigint): MembersChange {
  return conflict(`Shard ${shard.shardId} has no member ${replicaId}.`)
}

function conflict(message: string): MembersChange {
  return { kind: 'refused', reason: 'CONFLICT', message }
}
