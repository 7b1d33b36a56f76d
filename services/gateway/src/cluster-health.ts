/**
 * Whether all is served, and if not, what is wrong and why.
 *
 * Three sources: the routing, which knows at once of a shard without leader; placement, which
 * judges the replicas of every shard in rounds; the leaders, which know of files that failed them.
 */

import { type Clock, type Deadline, deadlineAfter, toVectronError } from '@vectron/base'
import { type placement, vectron, type worker } from '@vectron/contracts'
import { type CollectionRoute, type RoutingTable, shardReports } from '@vectron/routing'
import { lifeOf } from './cluster-messages.ts'
import type { ClusterContext } from './cluster-service.ts'
import type { GatewayContext } from './context.ts'

/** Milliseconds that leaders have to tell of failures: health is asked for when something hangs. */
const REPORT_TIMEOUT_MS = 2_000

export async function findHealth(
  context: Pick<ClusterContext, 'router' | 'clock' | 'version'>,
  cluster: placement.GetClusterResponse,
  deadline: Deadline,
) {
  const { router, clock, version } = context
  const table = await router.refresh()
  const leaderless = leaderlessShards(table)
  const failing = await failingShards(router, table, atMost(clock, deadline, REPORT_TIMEOUT_MS))
  const told = new Set(leaderless.map(({ shardId }) => shardId))
  const judged = cluster.problems.filter((line) => !told.has(shardOfLine(line)))
  const absent = absentWorkers(cluster)
  const unserved = [...leaderless.map(({ text }) => text), ...failing]
  return {
    status: healthStatus(unserved.length, judged.length + absent.length),
    clusterId: cluster.clusterId,
    version,
    workers: cluster.workers.length,
    shards: cluster.shards,
    problems: [...unserved, ...judged, ...absent],
    shardsWithoutLeader: leaderless.length,
    shardsUnderReplicated: cluster.shardsUnderReplicated,
  }
}

function healthStatus(unserved: number, lacking: number): vectron.HealthStatus {
  if (unserved > 0) return vectron.HealthStatus.UNAVAILABLE
  return lacking > 0 ? vectron.HealthStatus.DEGRADED : vectron.HealthStatus.OK
}

function leaderlessShards(table: RoutingTable) {
  return [...table.collections.values()].flatMap(({ name, shards }: CollectionRoute) =>
    shards
      .filter((shard) => shard.leader === undefined)
      .map(({ shardId, failure }) => {
        const why = failure === undefined ? '' : `: ${failure.message}`
        return {
          shardId: String(shardId),
          text: `shard ${shardId} of "${name}" has no leader${why}`,
        }
      }),
  )
}

/** Placement's lines begin with the shard that they are about. */
function shardOfLine(line: string): string {
  return /^shard (\d+) /.exec(line)?.[1] ?? ''
}

function absentWorkers({ workers }: placement.GetClusterResponse): string[] {
  return workers.flatMap(({ worker }) => {
    if (worker === undefined) return []
    const life = lifeOf(worker.state)
    return life === 'silent' || life === 'dead'
      ? [`worker ${worker.workerId} at ${worker.address} is ${life}`]
      : []
  })
}

/** One line for each shard that its leader says has failed, and for each that did not answer. */
async function failingShards(
  router: GatewayContext['router'],
  table: RoutingTable,
  deadline: Deadline,
): Promise<string[]> {
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
  return failing.flat()
}

function failedShards(collection: string, reports: readonly worker.ShardReport[]): string[] {
  return reports.flatMap(({ stats }) =>
    stats?.state.startsWith('failed')
      ? [`shard ${stats.shardId} of "${collection}" has ${stats.state}`]
      : [],
  )
}

function atMost(clock: Clock, deadline: Deadline, ms: number): Deadline {
  return deadlineAfter(clock, Math.min(deadline.remainingMs(), ms))
}
