/**
 * `bench server`: what the whole product adds to the engine.
 *
 * The same queries, one at a time, alternately to the engine in its own process and over gRPC to a
 * running Vectron; then with 16 in flight over gRPC and over HTTP. None of these answers may come
 * from memory; then a few queries are asked again and again, which may. Client, server and engine
 * are processes of one machine and share its cores. At last the server is offered twice what it can
 * do (overload.ts).
 */
import { existsSync } from 'node:fs'
import type { BenchOptions } from './bench-options.ts'
import type { Child } from './child.ts'
import type { ClientProtocol, SearchRun } from './client-process.ts'
import { type Contestant, vectronContestant } from './contestant.ts'
import { median, quantileOf } from './curve.ts'
import { measureOverload, overloadFigures } from './overload.ts'
import type { Report } from './report.ts'
import { LOAD, type ServerRun, startServerRun } from './server-run.ts'
import { exactAnswers, recallOf, TRUTH_K } from './truth.ts'
import { COLLECTION, openWords, type WordSet } from './words.ts'

const CORES = '0,1'
/** The server's own default, so that both sides do the same work. */
const TARGET_RECALL = 0.98
const CLIENTS = 16
/** Queries that are asked again and again. */
const FEW = 50
/** One generator stands for many clients. */
const MANY_CONNECTIONS = { VECTRON__LIMITS__CONNECTIONS_PER_ADDRESS: '8192' }
const OVERLOAD_SECONDS = {
  full: { seconds: 60, peakSeconds: 10 },
  small: { seconds: 3, peakSeconds: 1 },
} as const

export async function benchServer(options: BenchOptions): Promise<Report> {
  const set = await openWords(options.cache, options.size, options.note)
  const truth = exactAnswers(set, options.note)
  const engine = await openEngine(vectronContestant(set), set, options)
  const run = await startServerRun(MANY_CONNECTIONS)
  try {
    options.note(`loading ${set.rows} points`)
    await run.load(set)
    await run.client.call({ op: 'wait-indexed' })
    return await measure(set, truth, engine, run, options)
  } finally {
    await run.close()
    await engine.close()
  }
}

async function openEngine(
  contestant: Contestant,
  set: WordSet,
  options: BenchOptions,
): Promise<Child> {
  if (!existsSync(contestant.saved)) {
    options.note('building the engine of the comparison')
    const builder = contestant.start(CORES)
    const request = { op: 'build', vectors: set.vectorsFile, saved: contestant.saved, threads: 2 }
    await builder.call(request)
    await builder.close()
  }
  const engine = contestant.start(CORES)
  await engine.call({ op: 'open', queries: set.queriesFile, saved: contestant.saved })
  return engine
}

interface Round {
  readonly engineP50Us: number
  readonly grpcP50Us: number
  readonly grpcP99Us: number
  readonly grpcQps: number
  readonly httpQps: number
  readonly httpP50Us: number
}

async function measure(
  set: WordSet,
  truth: Uint32Array,
  engine: Child,
  run: ServerRun,
  options: BenchOptions,
): Promise<Report> {
  const { client } = run
  const search = (protocol: ClientProtocol, inFlight: number, count: number) =>
    client.call<SearchRun>({ op: 'search', queries: set.queriesFile, protocol, inFlight, count })
  // Once each for warmth; the first also gives the recall.
  const { rows } = await search('grpc', 1, set.queries)
  await search('http', 1, set.queries)
  const rounds: Round[] = []
  for (let round = 1; round <= options.rounds; round++) {
    rounds.push(await measureRound(engine, search, set.queries))
    options.note(`round ${round}/${options.rounds}`)
  }
  const remembered = await measureRemembered(set, client)
  const overloads = []
  for (const protocol of ['grpc', 'http'] as const) {
    const overload = await measureOverload(protocol, {
      run,
      queries: set.queriesFile,
      collection: COLLECTION,
      ...OVERLOAD_SECONDS[options.size],
      note: options.note,
    })
    overloads.push({ protocol, overload })
  }
  const middle = (pick: (round: Round) => number) => median(rounds.map(pick))
  return {
    bench: 'server',
    parameters: {
      set: set.name,
      size: set.size,
      rows: set.rows,
      queries: set.queries,
      k: TRUTH_K,
      targetRecall: TARGET_RECALL,
      withPayload: false,
      clients: CLIENTS,
      rounds: options.rounds,
      ...LOAD,
    },
    measured: { rounds, remembered, overloads },
    figures: new Map<string, number | string>([
      ['server.grpc.c1.p50_us', middle((round) => round.grpcP50Us)],
      ['server.grpc.c1.p99_us', middle((round) => round.grpcP99Us)],
      ['server.grpc.c1.engine_p50_us', middle((round) => round.engineP50Us)],
      ['server.grpc.c16.qps', middle((round) => round.grpcQps)],
      ['server.http.c1.p50_us', middle((round) => round.httpP50Us)],
      ['server.http.c16.qps', middle((round) => round.httpQps)],
      ['server.recall', recallOf(Uint32Array.from(rows), truth)],
      ['server.remembered.share', remembered.share],
      ['server.remembered.at_gateway_p50_us', remembered.atGatewayP50Us],
      ['server.remembered.at_gateway_p99_us', remembered.atGatewayP99Us],
      ['server.remembered.grpc.c1.p50_us', remembered.p50Us],
      ['server.remembered.grpc.c16.qps', remembered.qps],
      ...overloads.flatMap(({ protocol, overload }) => overloadFigures(protocol, overload)),
    ]),
  }
}

async function measureRound(
  engine: Child,
  search: (protocol: ClientProtocol, inFlight: number, count: number) => Promise<SearchRun>,
  count: number,
): Promise<Round> {
  const own = await engine.call<Pick<SearchRun, 'microseconds'>>({
    op: 'latency',
    k: TRUTH_K,
    effort: TARGET_RECALL,
    count,
  })
  const grpc = await search('grpc', 1, count)
  const http = await search('http', 1, count)
  const grpcLoad = await search('grpc', CLIENTS, count * 2)
  const httpLoad = await search('http', CLIENTS, count * 2)
  const at = (run: Pick<SearchRun, 'microseconds'>, quantile: number) =>
    quantileOf(
      run.microseconds.toSorted((a, b) => a - b),
      quantile,
    )
  return {
    engineP50Us: at(own, 0.5),
    grpcP50Us: at(grpc, 0.5),
    grpcP99Us: at(grpc, 0.99),
    httpP50Us: at(http, 0.5),
    grpcQps: grpcLoad.microseconds.length / grpcLoad.wallSeconds,
    httpQps: httpLoad.microseconds.length / httpLoad.wallSeconds,
  }
}

/** A few queries again and again, answered from memory. */
async function measureRemembered(set: WordSet, client: Child) {
  const again = (inFlight: number, count: number) =>
    client.call<SearchRun>({
      op: 'search',
      queries: set.queriesFile,
      protocol: 'grpc',
      inFlight,
      count,
      distinct: FEW,
      cache: true,
    })
  await again(1, FEW)
  const one = await again(1, set.queries)
  const many = await again(CLIENTS, set.queries * 2)
  const atGateway = one.rememberedUs.toSorted((a, b) => a - b)
  return {
    share: one.rememberedUs.length / one.microseconds.length,
    atGatewayP50Us: quantileOf(atGateway, 0.5),
    atGatewayP99Us: quantileOf(atGateway, 0.99),
    p50Us: quantileOf(
      one.microseconds.toSorted((a, b) => a - b),
      0.5,
    ),
    qps: many.microseconds.length / many.wallSeconds,
  }
}
