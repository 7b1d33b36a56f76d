/**
 * WatchCluster: the cluster as it is, at once and then at every interval, for live views.
 *
 * Each view is whole, so that a reader may come late or miss one; only events are told once. A
 * moment in which placement does not answer is skipped and not an end: that is when people watch.
 */

import { type Deadline, deadlineAfter, isVectronError, sleep, VectronError } from '@vectron/base'
import { vectron } from '@vectron/contracts'
import type { CallContext } from '@vectron/rpc'
import { findHealth } from './cluster-health.ts'
import { toEvent, toMember, toOperator, toShard, toWorker } from './cluster-messages.ts'
import type { ClusterContext } from './cluster-service.ts'

const INTERVAL_MS_DEFAULT = 1_000
const INTERVAL_MS_MIN = 200
const INTERVAL_MS_MAX = 60_000
/** Milliseconds that one view may take to gather. */
const VIEW_TIMEOUT_MS = 5_000

export async function* watchCluster(
  context: ClusterContext,
  request: vectron.WatchClusterRequest,
  call: CallContext,
) {
  const { clock } = context
  const intervalMs = checkInterval(request.intervalMs)
  let { afterEventId } = request
  for (let views = 0; request.viewsMax === 0 || views < request.viewsMax; views++) {
    if (views > 0) await sleep(clock, intervalMs, call.signal)
    const view = await lookOrSkip(context, request, afterEventId)
    // The first says at least that nothing can be seen.
    if (view === undefined && views > 0) continue
    afterEventId = view?.events.at(-1)?.eventId ?? afterEventId
    yield view ?? (await unseen(context))
  }
}

async function lookOrSkip(
  context: ClusterContext,
  request: vectron.WatchClusterRequest,
  afterEventId: bigint,
) {
  try {
    return await look(context, request, afterEventId)
  } catch (error) {
    if (isVectronError(error, 'INTERNAL')) throw error
    return undefined
  }
}

async function look(
  context: ClusterContext,
  { withoutShards }: vectron.WatchClusterRequest,
  afterEventId: bigint,
) {
  const { placement, clock } = context
  const deadline: Deadline = deadlineAfter(clock, VIEW_TIMEOUT_MS)
  const options = { timeoutMs: VIEW_TIMEOUT_MS }
  const [cluster, listed, local] = await Promise.all([
    placement.getCluster({ afterEventId }, options),
    withoutShards ? undefined : placement.listShards({}, options),
    ofGateway(context),
  ])
  return {
    health: await findHealth(context, cluster, deadline),
    members: cluster.members.map(toMember),
    workers: cluster.workers.map(toWorker),
    shards: listed?.shards.map(toShard) ?? [],
    operators: cluster.operators.map(toOperator),
    events: cluster.events.map(toEvent),
    time: new Date(clock.nowMs()).toISOString(),
    ...local,
  }
}

/** What this gateway knows by itself. */
async function ofGateway(context: ClusterContext) {
  const { router, demoNodes } = context
  return {
    load: loadOf(context),
    gateways: router.gateways,
    rerankers: [...router.rerankers],
    localNodes: [...((await demoNodes?.list()) ?? [])],
  }
}

/** What this gateway answers, whatever placement says. */
function loadOf({ recentLoad, slowQueries, processLoad }: ClusterContext) {
  const { kinds, ...summary } = recentLoad.summary()
  const { cpuCores, memoryBytes } = processLoad.look()
  return {
    gateway: slowQueries.limits.gateway,
    ...summary,
    cpuCores,
    memoryBytes: BigInt(memoryBytes),
    requests: kinds.map((kind) => ({ ...kind })),
  }
}

async function unseen(context: ClusterContext) {
  const { clock, version } = context
  const problems = ['placement does not answer']
  return {
    health: { status: vectron.HealthStatus.UNAVAILABLE, version, problems },
    time: new Date(clock.nowMs()).toISOString(),
    ...(await ofGateway(context)),
  }
}

function checkInterval(intervalMs: number): number {
  if (intervalMs === 0) return INTERVAL_MS_DEFAULT
  if (intervalMs >= INTERVAL_MS_MIN && intervalMs <= INTERVAL_MS_MAX) return intervalMs
  throw new VectronError(
    'INVALID_ARGUMENT',
    `intervalMs is ${intervalMs}; it must be ${INTERVAL_MS_MIN} to ${INTERVAL_MS_MAX}.`,
    { field: 'intervalMs' },
  )
}
