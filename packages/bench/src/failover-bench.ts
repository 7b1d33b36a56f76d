/**
 * `bench failover`: what a cluster of three replicas costs, and what it gives when workers die.
 *
 * - From `kill -9` of a shard's leader to the next acknowledged write on that shard, over many
 *   kills, and how many searches failed meanwhile.
 * - From the death of a worker for good to full replication elsewhere.
 * - Acknowledged vectors per second with three replicas against one.
 * - Searches per second with 1, 2 and 3 workers, each with a replica of everything.
 *
 * All processes share this machine's cores, so the last two tell what replication costs here, not
 * how a cluster of machines scales.
 */
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { BenchOptions } from './bench-options.ts'
import { type Child, startChild } from './child.ts'
import type { LoadTimes, SearchRun } from './client-process.ts'
import { ClusterRun, pause } from './cluster-run.ts'
import { median, quantileOf } from './curve.ts'
import { Probes } from './probes.ts'
import type { Report } from './report.ts'
import { LOAD } from './server-run.ts'
import { openWords, type WordSet } from './words.ts'

const COLLECTION = 'words'
/** Of the client: all, as of everything else. */
const CORES = `0-${availableParallelism() - 1}`
const KILLS = { full: 50, small: 1 } as const
/** Long enough that a worker that is started again at once is not taken for dead. */
const DEAD_MS_LONG = 60_000
const DEAD_MS_SHORT = 3_000
const WRITERS = 4
const SEARCHERS = 2
/** Milliseconds of quiet between a worker's return and the next kill. */
const QUIET_MS = 500
const CLIENTS = 16
const SEARCHES = { full: 20_000, small: 500 } as const

export async function benchFailover(options: BenchOptions): Promise<Report> {
  const set = await openWords(options.cache, options.size, options.note)
  const kills = await measureKills(set, options)
  const rebuild = await measureRebuild(set, options)
  const ingest = await measureIngest(set, options)
  const searches = await measureSearches(set, options)
  const sorted = kills.recoveredMs.toSorted((a, b) => a - b)
  return {
    bench: 'failover',
    parameters: {
      set: set.name,
      size: set.size,
      rows: set.rows,
      kills: sorted.length,
      writers: WRITERS,
      searchers: SEARCHERS,
      deadMs: DEAD_MS_SHORT,
      clients: CLIENTS,
      ...LOAD,
    },
    measured: { kills, rebuild, ingest, searches },
    figures: new Map<string, number | string>([
      ['failover.write.p50_ms', quantileOf(sorted, 0.5)],
      ['failover.write.p99_ms', quantileOf(sorted, 0.99)],
      ['failover.searches', kills.searches],
      ['failover.searches_failed', kills.searchesFailed],
      ['failover.rebuild.seconds', rebuild.seconds],
      ['failover.rebuild.bytes', rebuild.bytes],
      ['failover.ingest.one_replica_per_s', ingest.onePerSecond],
      ['failover.ingest.three_replicas_per_s', ingest.threePerSecond],
      ...searches.map(
        ({ workers, qps }) => [`failover.search.workers_${workers}.qps`, qps] as const,
      ),
    ]),
  }
}

/** Kills the leader of one shard again and again, under writes and searches. */
async function measureKills(set: WordSet, { size, note }: BenchOptions) {
  const run = await ClusterRun.start({ workers: 3, placement: 3, deadMs: DEAD_MS_LONG })
  const client = connect()
  try {
    await load(client, run, set, { shardCount: 1, replicationFactor: 3 })
    await run.untilReplicated(COLLECTION)
    const probes = new Probes({
      vectron: run.vectron,
      collection: COLLECTION,
      dimension: set.dimension,
      writers: WRITERS,
      searchers: SEARCHERS,
    })
    const recoveredMs: number[] = []
    while (recoveredMs.length < KILLS[size]) {
      const node = await leaderNode(run)
      const killedMs = performance.now()
      await run.cluster.kill(node)
      recoveredMs.push(await probes.untilAcknowledged(killedMs))
      await run.cluster.startNode(node)
      await run.untilReplicated(COLLECTION)
      await pause(QUIET_MS)
      note(`kill ${recoveredMs.length}/${KILLS[size]}: ${recoveredMs.at(-1)?.toFixed(0)} ms`)
    }
    await probes.stop()
    const { searches, searchesFailed, writesFailed, failures } = probes
    return {
      recoveredMs,
      searches,
      searchesFailed,
      writesFailed,
      failures: Object.fromEntries(failures),
    }
  } finally {
    await client.close()
    await run.close()
  }
}

/** One worker of four dies for good; its replicas are rebuilt on the other three. */
async function measureRebuild(set: WordSet, { note }: BenchOptions) {
  const run = await ClusterRun.start({ workers: 4, placement: 1, deadMs: DEAD_MS_SHORT })
  const client = connect()
  try {
    await load(client, run, set, { shardCount: 4, replicationFactor: 3 })
    await client.call({ op: 'wait-indexed' })
    await run.untilReplicated(COLLECTION)
    const shards = await run.shards(COLLECTION)
    const workerId = shards[0]?.leaderWorkerId ?? 0
    const lost = shards.flatMap(({ replicas }) =>
      replicas.filter((replica) => replica.workerId === workerId),
    )
    const node = await run.nodeOfWorker(workerId)
    const killedMs = performance.now()
    await run.cluster.kill(node?.name ?? '')
    await run.untilReplicated(COLLECTION, [workerId])
    const seconds = (performance.now() - killedMs) / 1000
    const bytes = lost.reduce((sum, { diskBytes }) => sum + diskBytes, 0)
    note(`rebuilt ${lost.length} replicas in ${seconds.toFixed(1)} s`)
    return { seconds, replicas: lost.length, bytes, deadMs: DEAD_MS_SHORT }
  } finally {
    await client.close()
    await run.close()
  }
}

async function measureIngest(set: WordSet, { buildRounds, note }: BenchOptions) {
  const rates: Record<1 | 3, number[]> = { 1: [], 3: [] }
  for (let round = 1; round <= buildRounds; round++) {
    for (const replicationFactor of [1, 3] as const) {
      const run = await ClusterRun.start({ workers: 3, placement: 1, deadMs: DEAD_MS_LONG })
      const client = connect()
      try {
        const seconds = await load(client, run, set, { shardCount: 3, replicationFactor })
        rates[replicationFactor].push(set.rows / seconds)
      } finally {
        await client.close()
        await run.close()
      }
    }
    note(`ingest round ${round}/${buildRounds}`)
  }
  return { rates, onePerSecond: median(rates[1]), threePerSecond: median(rates[3]) }
}

async function measureSearches(set: WordSet, { size, rounds, note }: BenchOptions) {
  const measured: { workers: number; qps: number; rounds: number[] }[] = []
  for (const workers of [1, 2, 3]) {
    const run = await ClusterRun.start({ workers, placement: 1, deadMs: DEAD_MS_LONG })
    const client = connect()
    try {
      await load(client, run, set, { shardCount: 1, replicationFactor: workers })
      await client.call({ op: 'wait-indexed' })
      await run.untilReplicated(COLLECTION)
      const perRound: number[] = []
      // The first is for warmth.
      for (let round = 0; round <= rounds; round++) {
        const { wallSeconds } = await client.call<SearchRun>({
          op: 'search',
          queries: set.queriesFile,
          protocol: 'grpc',
          inFlight: CLIENTS,
          count: SEARCHES[size],
        })
        if (round > 0) perRound.push(SEARCHES[size] / wallSeconds)
      }
      measured.push({ workers, qps: median(perRound), rounds: perRound })
    } finally {
      await client.close()
      await run.close()
    }
    note(`searches with ${workers} workers`)
  }
  return measured
}

/** The node that leads the collection's one shard now. */
async function leaderNode(run: ClusterRun): Promise<string> {
  for (;;) {
    const [shard] = await run.shards(COLLECTION)
    const node = shard && (await run.nodeOfWorker(shard.leaderWorkerId))
    if (node !== undefined) return node.name
    await pause(QUIET_MS)
  }
}

interface Layout {
  readonly shardCount: number
  readonly replicationFactor: number
}

/** Seconds until all was acknowledged. */
async function load(client: Child, run: ClusterRun, set: WordSet, layout: Layout): Promise<number> {
  const { grpc: grpcAddress, url, apiKey } = run
  await client.call({ op: 'connect', grpcAddress, url, apiKey })
  const request = { op: 'load', vectors: set.vectorsFile, ...LOAD, ...layout }
  return (await client.call<LoadTimes>(request)).ackedSeconds
}

function connect(): Child {
  const script = join(import.meta.dirname, 'client-process.ts')
  return startChild({ name: 'client', program: process.execPath, args: [script], cores: CORES })
}
