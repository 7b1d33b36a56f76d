/**
 * Steps of operators: what each waits for and what it has done next. Pure.
 *
 * A step is judged by the view alone, never by memory of what was sent: so a lost command, a
 * repeated one, or one that another leader of placement had begun all come out right. Replicas are
 * named by their workers where they may not have an id yet; a shard has one on each worker at most.
 */

import { create } from '@bufbuild/protobuf'
import { unreachable } from '@vectron/base'
import { placement } from '@vectron/contracts'
import {
  type ClusterView,
  isEligible,
  type ReplicaView,
  type ShardView,
  type WorkerView,
} from './cluster-view.ts'
import {
  isAlive,
  isCaughtUp,
  isReleased,
  isSettled,
  keepsQuorum,
  leaderReplica,
  votersOf,
} from './shard-health.ts'

export type Step =
  | { readonly kind: 'add'; readonly workerId: bigint; readonly searchOnly: boolean }
  | { readonly kind: 'catch-up'; readonly workerId: bigint }
  | { readonly kind: 'promote'; readonly workerId: bigint }
  | { readonly kind: 'lead-on'; readonly workerId: bigint }
  | { readonly kind: 'lead-elsewhere'; readonly workerId: bigint }
  | { readonly kind: 'remove'; readonly replicaId: bigint; readonly workerId: bigint }
  | { readonly kind: 'forget'; readonly replicaId: bigint; readonly workerId: bigint }

export type CatalogChange = placement.CatalogCommand['command']

/** What a step has to be done about it now. */
export type Action =
  | { readonly kind: 'done' }
  /** `progress`: from 0 to 1, where known. */
  | { readonly kind: 'wait'; readonly progress?: number }
  | { readonly kind: 'change'; readonly command: CatalogChange }
  | { readonly kind: 'tell'; readonly workerId: bigint; readonly command: placement.ShardCommand }
  | { readonly kind: 'impossible'; readonly why: string }

const DONE: Action = { kind: 'done' }
const WAIT: Action = { kind: 'wait' }

export function nextAction(view: ClusterView, shard: ShardView, step: Step): Action {
  switch (step.kind) {
    case 'add':
      return add(shard, step.workerId, step.searchOnly)
    case 'catch-up':
      return catchUp(view, shard, step.workerId)
    case 'promote':
      return promote(view, shard, step.workerId)
    case 'lead-on':
      return leadOn(shard, step.workerId)
    case 'lead-elsewhere':
      return leadElsewhere(view, shard, step.workerId)
    case 'remove':
      return remove(view, shard, step.replicaId)
    case 'forget':
      return forget(shard, step.replicaId)
    default:
      return unreachable(step)
  }
}

/** For instance "add a learner on worker 4". */
export function describeStep(step: Step): string {
  switch (step.kind) {
    case 'add':
      return `add a ${step.searchOnly ? 'search-only replica' : 'learner'} on worker ${step.workerId}`
    case 'catch-up':
      return `bring the replica on worker ${step.workerId} up to date`
    case 'promote':
      return `make the replica on worker ${step.workerId} a voter`
    case 'lead-on':
      return `move the leader to worker ${step.workerId}`
    case 'lead-elsewhere':
      return `have the leader elsewhere than on worker ${step.workerId}`
    case 'remove':
      return `remove replica ${step.replicaId} on worker ${step.workerId}`
    case 'forget':
      return `forget replica ${step.replicaId} on worker ${step.workerId}`
    default:
      return unreachable(step)
  }
}

function add(shard: ShardView, workerId: bigint, searchOnly: boolean): Action {
  const replica = replicaOn(shard, workerId)
  if (replica?.leaving) return impossible(`worker ${workerId} still has an earlier replica`)
  if (replica !== undefined) return DONE
  if (!isSettled(shard)) return WAIT
  const { shardId, membershipVersion } = shard
  const value = { shardId, membershipVersion, workerId, searchOnly }
  return change({ case: 'addReplica', value: create(placement.AddReplicaSchema, value) })
}

function catchUp({ settings }: ClusterView, shard: ShardView, workerId: bigint): Action {
  const replica = replicaOn(shard, workerId)
  if (replica === undefined) return impossible(`worker ${workerId} has no replica any more`)
  if (replica.isLost) return impossible(`the replica on worker ${workerId} is lost`)
  if (isCaughtUp(shard, replica, settings.caughtUpLag)) return DONE
  if (leaderReplica(shard)?.isLost) return impossible('its leader is damaged')
  const { member } = replica
  const lastIndex = shard.leader?.lastIndex ?? 0n
  if (member === undefined || lastIndex === 0n) return WAIT
  return { kind: 'wait', progress: Number(member.matchIndex) / Number(lastIndex) }
}

function promote({ settings }: ClusterView, shard: ShardView, workerId: bigint): Action {
  const replica = replicaOn(shard, workerId)
  if (replica === undefined) return impossible(`worker ${workerId} has no replica any more`)
  if (!isSettled(shard)) return WAIT
  if (!replica.learner) return DONE
  const { caughtUpLag } = settings
  const isReady = isAlive(shard, replica) && isCaughtUp(shard, replica, caughtUpLag)
  if (!isReady || !keepsQuorum(shard, [...votersOf(shard), replica], caughtUpLag)) return WAIT
  const { shardId, membershipVersion } = shard
  const value = { shardId, membershipVersion, replicaId: replica.replicaId }
  return change({ case: 'promoteReplica', value: create(placement.PromoteReplicaSchema, value) })
}

function leadOn(shard: ShardView, workerId: bigint): Action {
  if (shard.leader?.workerId === workerId) return DONE
  const replica = replicaOn(shard, workerId)
  if (replica === undefined || replica.learner || replica.leaving) {
    return impossible(`worker ${workerId} has no voter of the shard`)
  }
  return transfer(shard, replica)
}

function leadElsewhere(view: ClusterView, shard: ShardView, workerId: bigint): Action {
  if (shard.leader === undefined) return WAIT
  if (shard.leader.workerId !== workerId) return DONE
  const heir = chooseHeir(view, shard)
  return heir === undefined ? WAIT : transfer(shard, heir)
}

/** The voter that had best lead instead: of those that can, the one where the fewest lead. */
export function chooseHeir({ settings }: ClusterView, shard: ShardView): ReplicaView | undefined {
  const leaders = (worker: WorkerView | undefined) => worker?.leaders ?? 0
  return votersOf(shard)
    .filter((replica) => {
      const isOther = replica.replicaId !== shard.leader?.replicaId
      const isReady = isAlive(shard, replica) && isCaughtUp(shard, replica, settings.caughtUpLag)
      return isOther && isReady && isEligible(replica.worker)
    })
    .reduce<ReplicaView | undefined>((best, replica) => {
      return best === undefined || leaders(replica.worker) < leaders(best.worker) ? replica : best
    }, undefined)
}

function transfer(shard: ShardView, { replicaId }: ReplicaView): Action {
  if (shard.leader === undefined) return WAIT
  const command = create(placement.ShardCommandSchema, {
    shardId: shard.shardId,
    command: { case: 'transferLeadership', value: { toReplicaId: replicaId } },
  })
  return { kind: 'tell', workerId: shard.leader.workerId, command }
}

function remove({ settings }: ClusterView, shard: ShardView, replicaId: bigint): Action {
  const replica = shard.replicas.find((candidate) => candidate.replicaId === replicaId)
  if (replica === undefined) return DONE
  if (replica.leaving) return isReleased(shard, replicaId) ? DONE : WAIT
  if (!isSettled(shard)) return WAIT
  const rest = votersOf(shard).filter((voter) => voter !== replica)
  if (!replica.learner && !keepsQuorum(shard, rest, settings.caughtUpLag)) return WAIT
  const { shardId, membershipVersion } = shard
  const value = { shardId, membershipVersion, replicaId }
  return change({ case: 'removeReplica', value: create(placement.RemoveReplicaSchema, value) })
}

function forget(shard: ShardView, replicaId: bigint): Action {
  const replica = shard.replicas.find((candidate) => candidate.replicaId === replicaId)
  if (replica === undefined) return DONE
  if (!replica.leaving) return impossible(`replica ${replicaId} is a member still`)
  if (!isReleased(shard, replicaId)) return WAIT
  const value = { shardId: shard.shardId, replicaId }
  return change({ case: 'forgetReplica', value: create(placement.ForgetReplicaSchema, value) })
}

function replicaOn({ replicas }: ShardView, workerId: bigint): ReplicaView | undefined {
  return replicas.find((replica) => replica.workerId === workerId)
}

function change(command: CatalogChange): Action {
  return { kind: 'change', command }
}

function impossible(why: string): Action {
  return { kind: 'impossible', why }
}
