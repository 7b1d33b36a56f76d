/**
 * How the cluster is, and what people ask of it: drain, remove, move, transfer, rebalance.
 */

import { create } from '@bufbuild/protobuf'
import { VectronError } from '@vectron/base'
import { placement } from '@vectron/contracts'
import type { CallContext } from '@vectron/rpc'
import type { PlacementContext } from './context.ts'
import { execute } from './execute.ts'
import { buildWorkers } from './routing-message.ts'

export class ClusterHandlers {
  readonly #context: PlacementContext

  constructor(context: PlacementContext) {
    this.#context = context
  }

  async getCluster({
    afterEventId,
  }: placement.GetClusterRequest): Promise<placement.GetClusterResponse> {
    const { catalog, memory, membership } = this.#context
    const { observations, events } = memory()
    const shards = [...catalog.state.shards.values()]
    return create(placement.GetClusterResponseSchema, {
      clusterId: catalog.state.clusterId,
      members: membership.members.map((member) => ({
        ...member,
        leader: member.memberId === membership.memberId,
      })),
      workers: this.#workerStatuses(),
      events: events.after(afterEventId),
      collections: catalog.state.collections.size,
      shards: shards.length,
      shardsWithoutLeader: shards.filter(
        ({ shard }) => observations.leaderOf(shard.shardId) === undefined,
      ).length,
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

  async moveReplica(): Promise<placement.MoveReplicaResponse> {
    throw notYet()
  }

  async transferLeader(): Promise<placement.TransferLeaderResponse> {
    throw notYet()
  }

  async rebalance(): Promise<placement.RebalanceResponse> {
    return create(placement.RebalanceResponseSchema)
  }

  async listOperators(): Promise<placement.ListOperatorsResponse> {
    return create(placement.ListOperatorsResponseSchema)
  }

  async cancelOperator({
    operatorId,
  }: placement.CancelOperatorRequest): Promise<placement.CancelOperatorResponse> {
    throw new VectronError('OPERATOR_NOT_FOUND', `There is no operator ${operatorId}.`)
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

function notYet(): VectronError {
  return new VectronError('UNIMPLEMENTED', 'This release moves no replicas yet.')
}
