/**
 * `bench ingest`: points through the gRPC API until acknowledged, and until in the graph, against
 * hnswlib's build of the same vectors in memory on two threads.
 *
 * Ours pays for the network, the log with its fsyncs, the store and the graph; the peer only for
 * its graph. Alternating, a fresh data folder each time.
 */
import type { BenchOptions } from './bench-options.ts'
import { type BuildTimes, type Contestant, peerContestants } from './contestant.ts'
import { median } from './curve.ts'
import { openPeers } from './peers.ts'
import type { Report } from './report.ts'
import { LOAD, startServerRun } from './server-run.ts'
import { openWords, type WordSet } from './words.ts'

const PEER_CORES = '0,1'
const PEER_THREADS = 2

interface Ingest {
  readonly ackedSeconds: number
  readonly indexedSeconds: number
}

export async function benchIngest(options: BenchOptions): Promise<Report> {
  const set = await openWords(options.cache, options.size, options.note)
  const peer = options.withPeers
    ? peerContestants(set, openPeers(options.cache, options.note))[0]
    : undefined
  if (peer === undefined) options.note("without peers: hnswlib's build is left out")
  const ingests: Ingest[] = []
  const builds: BuildTimes[] = []
  for (let round = 1; round <= options.buildRounds; round++) {
    ingests.push(await ingestOnce(set))
    if (peer !== undefined) builds.push(await buildOnce(peer, set))
    options.note(`round ${round}/${options.buildRounds}`)
  }
  const perSecond = (seconds: readonly number[]) => set.rows / median(seconds)
  const figures = new Map<string, number | string>([
    ['ingest.acked_per_s', perSecond(ingests.map(({ ackedSeconds }) => ackedSeconds))],
    ['ingest.indexed_per_s', perSecond(ingests.map(({ indexedSeconds }) => indexedSeconds))],
  ])
  if (builds.length > 0) {
    figures.set('ingest.peer_build_per_s', perSecond(builds.map(({ wallSeconds }) => wallSeconds)))
  }
  return {
    bench: 'ingest',
    parameters: {
      set: set.name,
      size: set.size,
      rows: set.rows,
      rounds: options.buildRounds,
      peer: peer?.describe,
      peerThreads: PEER_THREADS,
      ...LOAD,
    },
    measured: { ingests, builds },
    figures,
  }
}

async function ingestOnce(set: WordSet): Promise<Ingest> {
  const run = await startServerRun()
  try {
    const started = performance.now()
    const { ackedSeconds } = await run.load(set)
    await run.client.call({ op: 'wait-indexed' })
    return { ackedSeconds, indexedSeconds: (performance.now() - started) / 1000 }
  } finally {
    await run.close()
  }
}

async function buildOnce(peer: Contestant, set: WordSet): Promise<BuildTimes> {
  const child = peer.start(PEER_CORES)
  try {
    const request = { op: 'build', vectors: set.vectorsFile, saved: peer.saved }
    return await child.call<BuildTimes>({ ...request, threads: PEER_THREADS })
  } finally {
    await child.close()
  }
}
