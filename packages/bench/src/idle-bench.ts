/**
 * `bench idle`: what shards cost that nobody uses.
 *
 * Three workers hold three replicas of each shard; so each has as many Raft groups as there are
 * shards. When all are made and replicated, the cores that each process uses are read from its own
 * metrics, at the beginning and the end of a time without any request.
 */
import type { PlannedNode } from '@vectron/local-cluster'
import type { BenchOptions } from './bench-options.ts'
import { ClusterRun, pause } from './cluster-run.ts'
import { metricOf } from './metric-of.ts'
import type { Report } from './report.ts'

const COLLECTION = 'idle'
const WORKERS = 3
const SIZES = {
  full: { shardCount: 1000, settleMs: 30_000, measureMs: 60_000 },
  small: { shardCount: 20, settleMs: 500, measureMs: 2_000 },
} as const
const CREATE_TIMEOUT_MS = 600_000
const DEAD_MS = 60_000

/** What one process used: shares of one core, and bytes. */
interface Idle {
  readonly node: string
  readonly cores: number
  readonly residentBytes: number
}

export async function benchIdle({ size, note }: BenchOptions): Promise<Report> {
  const { shardCount, settleMs, measureMs } = SIZES[size]
  const run = await ClusterRun.start({ workers: WORKERS, placement: 1, deadMs: DEAD_MS })
  try {
    await run.vectron.createCollection(
      { name: COLLECTION, dimension: 8, shardCount, replicationFactor: WORKERS },
      { timeoutMs: CREATE_TIMEOUT_MS },
    )
    await run.untilReplicated(COLLECTION)
    note(`${shardCount} shards of ${WORKERS} replicas are there`)
    await pause(settleMs)
    const idle = await measure(run, measureMs)
    const of = (service: string) => idle.filter(({ node }) => node.startsWith(service))
    const most = (some: readonly Idle[]) => Math.max(...some.map(({ cores }) => cores))
    const bytes = of('worker').map(({ residentBytes }) => residentBytes)
    return {
      bench: 'idle',
      parameters: { size, workers: WORKERS, shardCount, replicationFactor: WORKERS, measureMs },
      measured: { idle },
      figures: new Map<string, number | string>([
        ['idle.groups_per_worker', shardCount],
        ['idle.worker_core_percent', most(of('worker')) * 100],
        ['idle.placement_core_percent', most(of('placement')) * 100],
        ['idle.gateway_core_percent', most(of('gateway')) * 100],
        ['idle.worker_resident_bytes', Math.max(...bytes)],
      ]),
    }
  } finally {
    await run.close()
  }
}

async function measure(run: ClusterRun, ms: number): Promise<Idle[]> {
  const nodes = (await run.cluster.states()).map(({ node }) => node)
  const startMs = performance.now()
  const before = await Promise.all(nodes.map(readUsage))
  await pause(ms)
  const after = await Promise.all(nodes.map(readUsage))
  const seconds = (performance.now() - startMs) / 1000
  return nodes.map(({ name }, i) => {
    const { cpuSeconds, residentBytes } = after[i]!
    return { node: name, cores: (cpuSeconds - before[i]!.cpuSeconds) / seconds, residentBytes }
  })
}

async function readUsage({ ports }: PlannedNode) {
  const response = await fetch(`http://127.0.0.1:${ports.admin}/metrics`)
  const text = await response.text()
  return {
    cpuSeconds: metricOf(text, 'process_cpu_seconds_total'),
    residentBytes: metricOf(text, 'process_resident_memory_bytes'),
  }
}
