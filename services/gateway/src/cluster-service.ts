/**
 * The handlers of vectron.v1.Cluster: what placement and the workers say about themselves.
 */

import { type Clock, type Deadline, toVectronError, u64ToHex } from '@vectron/base'
import { vectron, type worker } from '@vectron/contracts'
import {
  type CollectionRoute,
  HASH_SPACE,
  type RoutingTable,
  shardReports,
  type WorkerRoute,
} from '@vectron/routing'
import type { CallContext, ServiceHandlers } from '@vectron/rpc'
import type { GatewayContext } from './context.ts'
import { sumBytes } from './sum-reports.ts'

/** Milliseconds without a heartbeat after which a worker counts as silent, and as dead. */
const SILENT_AFTER_MS = 5000
const DEAD_AFTER_MS = 30_000

export interface ClusterContext extends GatewayContext {
  readonly version: string
  /** Monotonic microseconds when the process began to serve. */
  readonly startedUs: number
}

export class ClusterService implements ServiceHandlers<typeof vectron.Cluster> {
  readonly #context: ClusterContext

  constructor(context: ClusterContext) {
    this.#context = context
  }

  async getHealth(_request: vectron.GetHealthRequest, { deadline }: CallContext) {
    const { router, version, clock } = this.#context
    const table = await router.reload()
    const problems = await findProblems(this.#context, table, deadline)
    const silent = silentWorkers(table, clock)
    const shards = shardsOf(table).length
    return {
      status: healthStatus(problems.length, silent.length),
      clusterId: table.clusterId,
      version,
      workers: table.workers.size,
      shards,
      problems: [...problems, ...silent],
    }
  }

  async listWorkers() {
    const table = await this.#context.router.reload()
    const shards = shardsOf(table)
    const workers = [...table.workers.values()].map((entry) => ({
      workerId: entry.workerId,
      address: entry.address,
      state: workerState(entry, this.#context.clock),
      lastHeartbeat:
        entry.lastHeartbeatMs === 0 ? '' : new Date(entry.lastHeartbeatMs).toISOString(),
      replicas: shards.filter(({ shard }) =>
        shard.replicas.some(({ workerId }) => workerId === entry.workerId),
      ).length,
      leaders: shards.filter(({ shard }) => shard.leader === entry.workerId).length,
    }))
    return { workers }
  }

  async listShards({ collection }: vectron.ListShardsRequest) {
    const { router } = this.#context
    const table = await router.refresh()
    if (collection !== '') await router.route(collection)
    const wanted = shardsOf(table).filter(
      ({ route }) => collection === '' || route.name === collection,
    )
    return {
      shards: wanted.map(({ route, shard }) => ({
        shardId: shard.shardId,
        collection: route.name,
        rangeStart: u64ToHex(shard.rangeStart),
        rangeEnd: shard.rangeEnd === HASH_SPACE ? '' : u64ToHex(shard.rangeEnd),
        membershipVersion: shard.epoch.membership,
        rangeVersion: shard.epoch.range,
        leaderWorkerId: shard.leader ?? 0n,
        workerIds: shard.replicas.map(({ workerId }) => workerId),
      })),
    }
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
}

function shardsOf(table: RoutingTable) {
  return [...table.collections.values()].flatMap((route: CollectionRoute) =>
    route.shards.map((shard) => ({ route, shard })),
  )
}

function workerState({ lastHeartbeatMs, draining }: WorkerRoute, clock: Clock): string {
  const silentMs = clock.nowMs() - lastHeartbeatMs
  if (silentMs > DEAD_AFTER_MS) return 'dead'
  if (silentMs > SILENT_AFTER_MS) return 'silent'
  return draining ? 'draining' : 'up'
}

function silentWorkers(table: RoutingTable, clock: Clock): string[] {
  return [...table.workers.values()]
    .filter((entry) => clock.nowMs() - entry.lastHeartbeatMs > SILENT_AFTER_MS)
    .map(({ workerId, address }) => `worker ${workerId} at ${address} is silent`)
}

function healthStatus(problems: number, silent: number): vectron.HealthStatus {
  if (problems > 0) return vectron.HealthStatus.UNAVAILABLE
  return silent > 0 ? vectron.HealthStatus.DEGRADED : vectron.HealthStatus.OK
}

/** One line for each shard that does not serve. */
async function findProblems(
  { router }: GatewayContext,
  table: RoutingTable,
  deadline: Deadline,
): Promise<string[]> {
  const leaderless = shardsOf(table)
    .filter(({ shard }) => shard.leader === undefined)
    .map(({ route, shard }) => `shard ${shard.shardId} of "${route.name}" has no leader`)
  const served = [...table.collections.values()].filter(({ shards }) =>
    shards.every((shard) => shard.leader !== undefined),
  )
  const failing = await Promise.all(
    served.map(async ({ name }) => {
      try {
        return failedShards(name, await shardReports(router, name, deadline))
      } catch (error) {
        return [`"${name}": ${toVectronError(error).message}`]
      }
    }),
  )
  return [...leaderless, ...failing.flat()]
}

function failedShards(collection: string, reports: readonly worker.ShardReport[]): string[] {
  return reports.flatMap(({ stats }) =>
    stats?.state.startsWith('failed')
      ? [`shard ${stats.shardId} of "${collection}" has ${stats.state}`]
      : [],
  )
}
