/**
 * How the cluster is, and what people ask of it: drain, remove, move, transfer, rebalance.
 */

import { create } from '@bufbuild/protobuf'
import { VectronError } from '@vectron/base'
import { placement } from '@vectron/contracts'
import type { CallContext } from '@vectron/rpc'
import type { PlacementContext } from './context.ts'
import type { Driver } from './driver.ts'
import { execute } from './execute.ts'
import { buildView } from './planning/build-view.ts'
import type { ClusterView, ReplicaView, ShardView } from './planning/cluster-view.ts'
import { toMessage } from './planning/operator.ts'
import { type Proposal, replaceReplica, transferLeader, type Wish } from './planning/proposal.ts'
import { chooseWorker, mayTake, Room } from './planning/room.ts'
import { kindOf, votersOf } from './planning/shard-health.ts'
import { chooseHeir } from './planning/step.ts'
import { buildWorkers } from './routing-message.ts'

const AS_ASKED: Wish = { reason: 'as asked', cause: { kind: 'person' } }

export class ClusterHandlers {
  readonly #context: PlacementContext
  readonly #driver: Driver

  constructor(context: PlacementContext, driver: Driver) {
    this.#context = context
    this.#driver = driver
  }

  async getCluster({
    afterEventId,
  }: placement.GetClusterRequest): Promise<placement.GetClusterResponse> {
    const { catalog, memory } = this.#context
    const { events, operators, health } = memory()
    return create(placement.GetClusterResponseSchema, {
      clusterId: catalog.state.clusterId,
      members: this.#members(),
      workers: this.#workerStatuses(),
      operators: operators.list().filter(({ state }) => state === 'running'),
      events: events.after(afterEventId),
      collections: catalog.state.collections.size,
      shards: catalog.state.shards.size,
      shardsWithoutLeader: health.shardsWithoutLeader,
      shardsUnderReplicated: health.shardsUnderReplicated,
      problems: [...health.problems],
    })
  }

  async drainWorker(
    { workerId, undo }: placement.DrainWorkerRequest,
    { deadline }: CallContext,
  ): Promise<placement.DrainWorkerResponse> {
    const { catalog, memory } = this.#context
    const value = create(placement.SetDrainingSchema, { workerId, draining: !undo })
    await execute(this.#context, { case: 'setDraining', value }, deadline)
    const text = undo ? 'is no longer drained, as asked' : 'is drained, as asked'
    memory().events.add(`worker ${workerId} ${text}`, { workerId })
    const replicas = catalog.state.hostedBy(workerId).size
    return create(placement.DrainWorkerResponseSchema, { replicas })
  }

  async removeWorker(
    { workerId }: placement.RemoveWorkerRequest,
    { deadline }: CallContext,
  ): Promise<placement.RemoveWorkerResponse> {
    const { observations, events } = this.#context.memory()
    const value = create(placement.RemoveWorkerSchema, { workerId })
    await execute(this.#context, { case: 'removeWorker', value }, deadline)
    observations.forgetWorker(workerId)
    events.add(`worker ${workerId} is removed, as asked`, { workerId })
    return create(placement.RemoveWorkerResponseSchema)
  }

  async moveReplica(request: placement.MoveReplicaRequest): Promise<placement.MoveReplicaResponse> {
    const { shardId, fromWorkerId, toWorkerId } = request
    const { view, shard } = this.#look(shardId)
    const old = shard.replicas.find(
      ({ workerId, leaving }) => workerId === fromWorkerId && !leaving,
    )
    if (old === undefined) {
      const text = `Worker ${fromWorkerId} has no replica of shard ${shardId}.`
      throw new VectronError('INVALID_ARGUMENT', text, { field: 'fromWorkerId' })
    }
    const target = chooseTarget(view, shard, old, toWorkerId)
    return create(placement.MoveReplicaResponseSchema, {
      operator: this.#begin(replaceReplica(shard, old, target, AS_ASKED)),
    })
  }

  async transferLeader(
    request: placement.TransferLeaderRequest,
  ): Promise<placement.TransferLeaderResponse> {
    const { shardId, toWorkerId } = request
    const { view, shard } = this.#look(shardId)
    const target = toWorkerId === 0n ? chooseHeir(view, shard)?.workerId : toWorkerId
    const isVoter = votersOf(shard).some(({ workerId }) => workerId === target)
    if (target === undefined || !isVoter) {
      const text =
        target === undefined
          ? `No other voter of shard ${shardId} could lead it.`
          : `Worker ${target} has no voter of shard ${shardId}.`
      throw new VectronError('INVALID_ARGUMENT', text, { field: 'toWorkerId' })
    }
    return create(placement.TransferLeaderResponseSchema, {
      operator: this.#begin(transferLeader(shard, target, AS_ASKED)),
    })
  }

  async rebalance(): Promise<placement.RebalanceResponse> {
    const operators = this.#driver.rebalance().map((operator) => toMessage(operator, 0))
    return create(placement.RebalanceResponseSchema, { operators })
  }

  async listOperators(): Promise<placement.ListOperatorsResponse> {
    const operators = this.#context.memory().operators.list()
    return create(placement.ListOperatorsResponseSchema, { operators })
  }

  async cancelOperator({
    operatorId,
  }: placement.CancelOperatorRequest): Promise<placement.CancelOperatorResponse> {
    const operator = this.#driver.cancel(operatorId)
    return create(placement.CancelOperatorResponseSchema, { operator })
  }

  #begin(proposal: Proposal): placement.Operator {
    return toMessage(this.#driver.begin(proposal), 0)
  }

  #look(shardId: bigint): { readonly view: ClusterView; readonly shard: ShardView } {
    const { catalog, memory, settings } = this.#context
    const sources = {
      catalog: catalog.state,
      observations: memory().observations,
      silence: settings,
    }
    const view = buildView(sources, { settings: settings.plan, shardIds: [shardId] })
    const shard = view.shards.get(shardId)
    if (shard !== undefined) return { view, shard }
    throw new VectronError('SHARD_NOT_FOUND', `There is no shard ${shardId}.`)
  }

  #members(): placement.PlacementMember[] {
    const { catalog, membership, status } = this.#context
    const { lastIndex = 0n, peers = [], voters = [] } = status() ?? {}
    return membership.members.map((member) => {
      const leader = member.memberId === membership.memberId
      const seat = catalog.state.seatOf(member.memberId)
      const peer = peers.find(({ replica }) => replica === seat)
      return create(placement.PlacementMemberSchema, {
        ...member,
        leader,
        matchIndex: leader ? lastIndex : (peer?.matchIndex ?? 0n),
        active: leader || peer?.active === true,
        voter: voters.includes(seat),
      })
    })
  }

  #workerStatuses(): placement.WorkerStatus[] {
    const { catalog, memory, settings } = this.#context
    const { observations } = memory()
    const sources = { catalog: catalog.state, observations, silence: settings }
    return buildWorkers(sources).map((worker) => {
      const observed = observations.workers.get(worker.workerId)
      return create(placement.WorkerStatusSchema, {
        worker,
        replicas: catalog.state.hostedBy(worker.workerId).size,
        leaders: observations.leadersOn(worker.workerId),
        replicaBytes: observed?.replicaBytes ?? 0n,
        ...(observed?.load === undefined ? {} : { load: observed.load }),
      })
    })
  }
}

/** The worker asked for, or the best one. */
function chooseTarget(
  view: ClusterView,
  shard: ShardView,
  old: ReplicaView,
  askedId: bigint,
): bigint {
  const asked = view.workers.get(askedId)
  if (askedId !== 0n && asked === undefined) {
    throw new VectronError('WORKER_NOT_FOUND', `There is no worker ${askedId}.`)
  }
  if (asked !== undefined) {
    if (mayTake(view, shard, asked)) return askedId
    const why = 'it has one already, is not up, is drained or is full'
    const text = `Worker ${askedId} cannot take a replica of shard ${shard.shardId}: ${why}.`
    throw new VectronError('INVALID_ARGUMENT', text, { field: 'toWorkerId' })
  }
  const choice = chooseWorker(view, new Room(view, []), shard, {
    kind: kindOf(old),
    oldReplicaId: old.replicaId,
  })
  if (choice.kind === 'worker') return choice.worker.workerId
  // Not UNAVAILABLE: asking again shortly changes nothing until somebody adds or undrains a worker.
  const text = `No other worker can take a replica of shard ${shard.shardId}: none is up, has room and is not drained.`
  throw new VectronError('CONFLICT', text)
}
