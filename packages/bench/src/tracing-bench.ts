/**
 * `bench tracing`: what traces cost.
 *
 * Three servers with the same points: one that traces nothing, one that traces every request, and
 * one that traces one in a hundred. They are searched in turn, so that whatever else the machine
 * does hits all alike. The collector takes the spans and throws them away.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { BenchOptions } from './bench-options.ts'
import type { SearchRun } from './client-process.ts'
import { median } from './curve.ts'
import type { Report } from './report.ts'
import { type ServerRun, startServerRun } from './server-run.ts'
import { openWords, type WordSet } from './words.ts'

const CLIENTS = 16
const SIZES = { full: { searches: 4000 }, small: { searches: 100 } } as const
/** Shares of the requests that are traced, by what the figures call them. */
const SHARES = { off: undefined, all: 100, hundredth: 1 } as const

type Share = keyof typeof SHARES

interface Round {
  readonly perSecond: number
  /** Microseconds of all cores that the server took for a search; other load tells less in it. */
  readonly cpuUs: number
}

export async function benchTracing(options: BenchOptions): Promise<Report> {
  const { size, rounds, note } = options
  const set = await openWords(options.cache, size, note)
  const collector = await startCollector()
  const runs = new Map<Share, ServerRun>()
  try {
    for (const share of Object.keys(SHARES) as Share[]) {
      note(`loading ${set.rows} points, traced: ${share}`)
      runs.set(share, await startLoaded(set, collector.url, SHARES[share]))
    }
    const measured = await measure(runs, set, options)
    const middle = (share: Share, pick: (round: Round) => number) =>
      median((measured.get(share) ?? []).map(pick))
    const ratio = (share: Share, pick: (round: Round) => number) =>
      middle(share, pick) / middle('off', pick)
    const qps = ({ perSecond }: Round) => perSecond
    const cpu = ({ cpuUs }: Round) => cpuUs
    return {
      bench: 'tracing',
      parameters: { size, rounds, rows: set.rows, clients: CLIENTS, ...SIZES[size] },
      measured: { rounds: Object.fromEntries(measured) },
      figures: new Map<string, number | string>([
        ['tracing.off.qps', middle('off', qps)],
        ['tracing.off.cpu_us', middle('off', cpu)],
        ['tracing.all.qps_ratio', ratio('all', qps)],
        ['tracing.all.cpu_ratio', ratio('all', cpu)],
        ['tracing.hundredth.qps_ratio', ratio('hundredth', qps)],
        ['tracing.hundredth.cpu_ratio', ratio('hundredth', cpu)],
        ['tracing.collected_bytes', collector.bytes()],
      ]),
    }
  } finally {
    for (const run of runs.values()) await run.close()
    collector.close()
  }
}

async function startLoaded(
  set: WordSet,
  endpoint: string,
  percent: number | undefined,
): Promise<ServerRun> {
  const env =
    percent === undefined
      ? {}
      : { VECTRON__TRACING__ENDPOINT: endpoint, VECTRON__TRACING__SAMPLE_PERCENT: `${percent}` }
  const run = await startServerRun(env)
  await run.load(set)
  await run.client.call({ op: 'wait-indexed' })
  return run
}

async function measure(
  runs: ReadonlyMap<Share, ServerRun>,
  { queriesFile }: WordSet,
  { size, rounds, note }: BenchOptions,
): Promise<Map<Share, Round[]>> {
  const measured = new Map<Share, Round[]>([...runs.keys()].map((share) => [share, []]))
  const search = {
    op: 'search',
    queries: queriesFile,
    protocol: 'grpc',
    count: SIZES[size].searches,
    inFlight: CLIENTS,
    cache: false,
  }
  // The first round is for warmth.
  for (let round = 0; round <= rounds; round++) {
    for (const [share, run] of runs) {
      const before = await run.cpuSeconds()
      const { wallSeconds } = await run.client.call<SearchRun>(search)
      const cpuUs = ((await run.cpuSeconds()) - before) * (1e6 / search.count)
      if (round > 0) measured.get(share)?.push({ perSecond: search.count / wallSeconds, cpuUs })
    }
    note(`round ${round} of ${rounds}`)
  }
  return measured
}

/** Takes spans over OTLP/HTTP and counts their bytes. */
async function startCollector() {
  let bytes = 0
  const server = createServer((request, response) => {
    request.on('data', (part: Buffer) => {
      bytes += part.length
    })
    request.on('end', () => response.setHeader('content-type', 'application/json').end('{}'))
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve())
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    bytes: () => bytes,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
