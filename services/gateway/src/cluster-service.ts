/**
 * The handlers of vectron.v1.Cluster: what placement and the workers say about themselves, and what
 * people ask of placement. Nothing is decided here.
 */

import { type Deadline, LIMITS, type ProcessLoad, VectronError } from '@vectron/base'
import type { placement, vectron } from '@vectron/contracts'
import { shardReports } from '@vectron/routing'
import type { CallContext, Client, ServiceHandlers } from '@vectron/rpc'
import { findHealth } from './cluster-health.ts'
import { toEvent, toMember, toOperator, toShard, toWorker } from './cluster-messages.ts'
import type { GatewayContext } from './context.ts'
import type { DemoNodes } from './demo-service.ts'
import type { RecentLoad } from './recent-load.ts'
import { listSlowQueries } from './slow/list-slow-queries.ts'
import { sumBytes } from './sum-reports.ts'
import { watchCluster } from './watch-cluster.ts'

export interface ClusterContext extends GatewayContext {
  readonly placement: Client<typeof placement.Placement>
  readonly version: string
  readonly recentLoad: RecentLoad
  readonly processLoad: ProcessLoad
  /** Nodes that people may kill and start here; undefined: none. */
  readonly demoNodes: DemoNodes | undefined
  /** Monotonic microseconds when the process began to serve. */
  readonly startedUs: number
}

export class ClusterService implements ServiceHandlers<typeof vectron.Cluster> {
  readonly #context: ClusterContext

  constructor(context: ClusterContext) {
    this.#context = context
  }

  async getHealth(_request: vectron.GetHealthRequest, { deadline }: CallContext) {
    const cluster = await this.#getCluster(deadline)
    return findHealth(this.#context, cluster, deadline)
  }

  async listWorkers(_request: vectron.ListWorkersRequest, { deadline }: CallContext) {
    const { workers } = await this.#getCluster(deadline)
    return { workers: workers.map(toWorker) }
  }

  async listShards({ collection }: vectron.ListShardsRequest, { deadline }: CallContext) {
    const { placement, router } = this.#context
    // Names what is nearest when there is no such collection.
    if (collection !== '') await router.route(collection)
    const { shards } = await placement.listShards({ collection }, within(deadline))
    return { shards: shards.map(toShard) }
  }

  async listPlacementMembers(
    _request: vectron.ListPlacementMembersRequest,
    { deadline }: CallContext,
  ) {
    const { members } = await this.#getCluster(deadline)
    return { members: members.map(toMember) }
  }

  async getStatistics(_request: vectron.GetStatisticsRequest, { deadline }: CallContext) {
    const { router, clock, startedUs } = this.#context
    const table = await router.refresh()
    const reports = await Promise.all(
      [...table.collections.keys()].map((name) => shardReports(router, name, deadline)),
    )
    const stats = reports.flat().flatMap((report) => report.stats ?? [])
    return {
      collections: table.collections.size,
      pointsCount: stats.reduce((sum, { pointsCount }) => sum + pointsCount, 0n),
      indexedCount: stats.reduce((sum, { indexedCount }) => sum + indexedCount, 0n),
      bytes: sumBytes(stats.map(({ bytes }) => bytes)),
      uptimeSeconds: (clock.monotonicUs() - startedUs) / 1e6,
    }
  }

  async listEvents({ afterEventId }: vectron.ListEventsRequest, { deadline }: CallContext) {
    const { events } = await this.#getCluster(deadline, afterEventId)
    return { events: events.map(toEvent) }
  }

  async listSlowQueries(request: vectron.ListSlowQueriesRequest, call: CallContext) {
    return listSlowQueries(this.#context.slowQueries, request, call)
  }

  watchCluster(request: vectron.WatchClusterRequest, call: CallContext) {
    return watchCluster(this.#context, request, call)
  }

  async drainWorker({ workerId }: vectron.DrainWorkerRequest, { deadline }: CallContext) {
    checkGiven(workerId, 'workerId')
    return this.#drain({ workerId, undo: false }, deadline)
  }

  async undrainWorker({ workerId }: vectron.UndrainWorkerRequest, { deadline }: CallContext) {
    checkGiven(workerId, 'workerId')
    return this.#drain({ workerId, undo: true }, deadline)
  }

  async removeWorker({ workerId }: vectron.RemoveWorkerRequest, { deadline }: CallContext) {
    checkGiven(workerId, 'workerId')
    await this.#context.placement.removeWorker({ workerId }, within(deadline))
    return {}
  }

  async moveReplica(request: vectron.MoveReplicaRequest, { deadline }: CallContext) {
    const { shardId, fromWorkerId, toWorkerId } = request
    checkGiven(shardId, 'shardId')
    checkGiven(fromWorkerId, 'fromWorkerId')
    const wish = { shardId, fromWorkerId, toWorkerId }
    const { operator } = await this.#context.placement.moveReplica(wish, within(deadline))
    return toOperator(operator)
  }

  async transferLeader(request: vectron.TransferLeaderRequest, { deadline }: CallContext) {
    const { shardId, toWorkerId } = request
    checkGiven(shardId, 'shardId')
    const wish = { shardId, toWorkerId }
    const { operator } = await this.#context.placement.transferLeader(wish, within(deadline))
    return toOperator(operator)
  }

  async rebalance(_request: vectron.RebalanceRequest, { deadline }: CallContext) {
    const { operators } = await this.#context.placement.rebalance({}, within(deadline))
    return { operators: operators.map(toOperator) }
  }

  async listOperators(_request: vectron.ListOperatorsRequest, { deadline }: CallContext) {
    const { operators } = await this.#context.placement.listOperators({}, within(deadline))
    return { operators: operators.map(toOperator) }
  }

  async cancelOperator({ operatorId }: vectron.CancelOperatorRequest, { deadline }: CallContext) {
    checkGiven(operatorId, 'operatorId')
    const { placement } = this.#context
    const { operator } = await placement.cancelOperator({ operatorId }, within(deadline))
    return toOperator(operator)
  }

  async #drain(wish: { workerId: bigint; undo: boolean }, deadline: Deadline) {
    const { replicas } = await this.#context.placement.drainWorker(wish, within(deadline))
    return { replicas }
  }

  #getCluster(deadline: Deadline, afterEventId = EVERY_EVENT_SEEN) {
    return this.#context.placement.getCluster({ afterEventId }, within(deadline))
  }
}

/** No event is after this one. */
const EVERY_EVENT_SEEN = (1n << 64n) - 1n

/** Milliseconds of a call to placement: what the caller left, but never without an end. */
function within(deadline: Deadline): { timeoutMs: number } {
  return { timeoutMs: Math.min(deadline.remainingMs(), LIMITS.requestTimeoutMsDefault) }
}

function checkGiven(id: bigint, field: string): void {
  if (id !== 0n) return
  throw new VectronError('MISSING_FIELD', `${field} is missing.`, { field })
}
