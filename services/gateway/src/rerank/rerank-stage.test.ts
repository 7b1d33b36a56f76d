// The stage against rerankers over real sockets: sound, dead, slow and lying ones. A search is
// never lost by any of them.

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import {
  type Clock,
  createLogger,
  createMetrics,
  deadlineAfter,
  systemClock,
  VectronError,
} from '@vectron/base'
import { encodeVector, rerank, vectron, wire } from '@vectron/contracts'
import { bindService, GrpcChannel, type ServiceHandlers, startGrpcServer } from '@vectron/rpc'
import { candidateQuery, RerankStage } from './rerank-stage.ts'
import { RerankerPool } from './reranker-pool.ts'
import { type RerankPlan, takeRerank } from './take-rerank.ts'

type Handlers = ServiceHandlers<typeof rerank.Reranker>

const STRATEGY = { name: 'turn', version: '7', wantsPayload: true, wantsVector: true, problem: '' }

/** Turns the order round. */
const TURNING: Handlers = {
  listStrategies: async () => ({ strategies: [STRATEGY] }),
  rerank: async ({ candidates, topK }) => ({
    version: '7',
    results: candidates
      .map((_, place) => ({ place, score: place, reason: `was ${place}` }))
      .reverse()
      .slice(0, topK),
  }),
  invalidateCache: async () => ({}),
}

const never = () => new Promise<never>(() => {})
const WANTED = { topK: 2, offset: 0, withPayload: false, withVector: false }

class Rerankers {
  readonly #t: TestContext
  readonly addresses: string[] = []
  readonly #servers = new Map<string, { close(): Promise<void> }>()
  readonly metrics = createMetrics()
  readonly stage: RerankStage
  calls = 0

  constructor(t: TestContext) {
    this.#t = t
    const channels = new Map<string, GrpcChannel>()
    const connect = (address: string) => {
      const channel = new GrpcChannel(address)
      channels.set(address, channel)
      return channel.client(rerank.Reranker)
    }
    t.after(() => {
      for (const channel of channels.values()) channel.close()
    })
    const clock = systemClock
    const pool = new RerankerPool({ addresses: () => this.addresses, connect, clock })
    const listTimeoutMs = 60_000
    this.stage = new RerankStage({ pool, clock, metrics: this.metrics, listTimeoutMs })
  }

  /** Answers its address. */
  async start(handlers: Handlers, port = 0): Promise<string> {
    const counted: Handlers = {
      ...handlers,
      rerank: (request, call) => {
        this.calls++
        return handlers.rerank(request, call)
      },
    }
    const server = await startGrpcServer({
      host: '127.0.0.1',
      port,
      services: [bindService(rerank.Reranker, counted)],
      logger: createLogger({ name: 'test', write: () => {} }),
    })
    this.#t.after(() => server.close())
    const address = `127.0.0.1:${server.port}`
    this.#servers.set(address, server)
    if (!this.addresses.includes(address)) this.addresses.push(address)
    return address
  }

  async stop(address: string): Promise<void> {
    await this.#servers.get(address)?.close()
  }

  /** A search of five points, the best two of which are wanted. */
  async search(
    more: { readonly strategy?: string; readonly timeoutMs?: number } = {},
    searchMs = 60_000,
  ) {
    const plan = planOf({ strategy: 'turn', limit: 5, ...more })
    const deadline = deadlineAfter(systemClock, searchMs)
    const opened = await this.stage.open(plan, deadline)
    const asked = candidateQuery(opened, WANTED)
    const points = pointsOf(asked.topK, asked)
    const request = {
      collection: 'c',
      lowerIsBetter: false,
      points,
      wanted: WANTED,
      deadline,
    }
    const { points: ranked, report } = await this.stage.rank(opened, request)
    return {
      hits: ranked.map((point) => fromBinary(vectron.ScoredPointSchema, point)),
      report,
    }
  }

  async metric(name: string): Promise<string[]> {
    const text = await this.metrics.expose()
    return text.split('\n').filter((line) => line.startsWith(`vectron_${name}{`))
  }
}

function planOf(rerank: MessageInitShape<typeof vectron.RerankSchema>): RerankPlan {
  const message = create(vectron.RerankSchema, rerank)
  const context = { presets: new Map(), topK: WANTED.topK, text: 'a text', prefix: '' }
  const plan = takeRerank(message, context)
  assert.ok(plan)
  return plan
}

function pointsOf(count: number, asked: { withPayload: boolean; withVector: boolean }) {
  const vector = encodeVector(new Uint8Array(new Float32Array([1, 2]).buffer))
  return Array.from({ length: count }, (_, place) =>
    toBinary(
      wire.ScoredPointSchema,
      create(wire.ScoredPointSchema, {
        id: `p${place}`,
        score: 1 - place / 10,
        ...(asked.withPayload && { payload: Buffer.from('{"a":1}') }),
        ...(asked.withVector && { vector }),
      }),
    ),
  )
}

const idsOf = (hits: readonly vectron.ScoredPoint[]) => hits.map(({ id }) => id)

test('A sound reranker decides the order; nothing is shown that was not asked for.', async (t) => {
  const rerankers = new Rerankers(t)
  await rerankers.start(TURNING)
  const { hits, report } = await rerankers.search()
  assert.deepEqual(idsOf(hits), ['p4', 'p3'])
  const [first] = hits
  assert.deepEqual([first?.score, first?.rerankReason, first?.payload], [4, 'was 4', ''])
  assert.ok(Math.abs((first?.originalScore ?? 0) - 0.6) < 1e-6)
  assert.equal(first?.vector, undefined)
  const { degraded, candidates, version, strategy } = report
  assert.deepEqual([degraded, candidates, version, strategy], [false, 5, '7', 'turn'])
})

test('Without any reranker the results come in their order, and the report says so.', async (t) => {
  const rerankers = new Rerankers(t)
  const { hits, report } = await rerankers.search()
  assert.deepEqual(idsOf(hits), ['p0', 'p1'])
  assert.deepEqual([report.degraded, report.reason], [true, 'UNAVAILABLE'])
  assert.match(report.message, /No reranker has announced itself/)
})

test('A strategy that cannot be used is not asked, and the report says why.', async (t) => {
  const rerankers = new Rerankers(t)
  const strategies = [{ ...STRATEGY, problem: 'rerank.turner names no turner' }]
  await rerankers.start({ ...TURNING, listStrategies: async () => ({ strategies }) })
  for (let i = 0; i < 7; i++) {
    const { hits, report } = await rerankers.search()
    assert.deepEqual([idsOf(hits), report.reason], [['p0', 'p1'], 'UNAVAILABLE'])
    assert.match(report.message, /rerank\.turner names no turner/)
  }
  assert.equal(rerankers.calls, 0)
})

test('One that dies between asking the shards and the merge costs the search nothing.', async (t) => {
  const rerankers = new Rerankers(t)
  const address = await rerankers.start(TURNING)
  await rerankers.search()
  await rerankers.stop(address)
  const { hits, report } = await rerankers.search()
  assert.deepEqual(idsOf(hits), ['p0', 'p1'])
  assert.ok(hits.every(({ payload, vector }) => payload === '' && vector === undefined))
  assert.deepEqual([report.degraded, report.reason], [true, 'UNAVAILABLE'])
})

test('A slow one is given up, by the time of the search or by one of its own.', async (t) => {
  const rerankers = new Rerankers(t)
  await rerankers.start({ ...TURNING, rerank: never })
  const { hits, report } = await rerankers.search({}, 400)
  assert.deepEqual(idsOf(hits), ['p0', 'p1'])
  assert.deepEqual([report.degraded, report.reason], [true, 'DEADLINE_EXCEEDED'])
  const own = await rerankers.search({ timeoutMs: 20 }, 60_000)
  assert.equal(own.report.reason, 'DEADLINE_EXCEEDED')
})

test('A part of the time of a search is kept for its reply.', async () => {
  const timers: { readonly delayMs: number; readonly fire: () => void }[] = []
  const clock: Clock = {
    nowMs: () => 0,
    monotonicUs: () => 0,
    setTimer: (delayMs, fire) => {
      timers.push({ delayMs, fire })
      return () => {}
    },
  }
  const client = { listStrategies: async () => ({ strategies: [STRATEGY] }), rerank: never }
  const connect = () => client as never
  const pool = new RerankerPool({ addresses: () => ['a:1'], connect, clock })
  const stage = new RerankStage({ pool, clock, metrics: createMetrics() })
  for (const [searchMs, allowedMs] of [
    [400, 360],
    [10_000, 9_950],
  ] as const) {
    const deadline = deadlineAfter(clock, searchMs)
    const opened = await stage.open(planOf({ strategy: 'turn' }), deadline)
    const asked = candidateQuery(opened, WANTED)
    const points = pointsOf(5, asked)
    const request = { collection: 'c', lowerIsBetter: false, points, wanted: WANTED, deadline }
    const ranking = stage.rank(opened, request)
    // All up to the call runs at once; the timer is its deadline.
    await new Promise((resolve) => setImmediate(resolve))
    const timer = timers.at(-1)
    assert.equal(timer?.delayMs, allowedMs)
    timer?.fire()
    const { report } = await ranking
    assert.deepEqual([report.degraded, report.reason], [true, 'DEADLINE_EXCEEDED'])
  }
})

test('One that is slow to say what it can do is given up too.', async (t) => {
  const rerankers = new Rerankers(t)
  await rerankers.start({ ...TURNING, listStrategies: never })
  const { hits, report } = await rerankers.search({}, 400)
  assert.deepEqual([idsOf(hits), report.reason], [['p0', 'p1'], 'DEADLINE_EXCEEDED'])
})

test('One that answers nonsense, or fails, is not believed.', async (t) => {
  const answers = [
    [],
    [{ place: 0 }, { place: 0 }],
    [{ place: 0 }, { place: 99 }],
    [{ place: 0 }, { place: 1 }, { place: 2 }],
  ]
  for (const results of answers) {
    const rerankers = new Rerankers(t)
    await rerankers.start({ ...TURNING, rerank: async () => ({ results }) })
    const { hits, report } = await rerankers.search()
    assert.deepEqual([idsOf(hits), report.reason], [['p0', 'p1'], 'INTERNAL'])
  }
  const rerankers = new Rerankers(t)
  const broken = async () => assert.fail('broken')
  await rerankers.start({ ...TURNING, rerank: broken })
  assert.equal((await rerankers.search()).report.degraded, true)
})

test('After five failures nobody is asked for a while, and the metric tells.', async (t) => {
  const rerankers = new Rerankers(t)
  const failing = async () => {
    throw new VectronError('UNAVAILABLE', 'The model is away.')
  }
  await rerankers.start({ ...TURNING, rerank: failing })
  for (let i = 0; i < 8; i++) assert.equal((await rerankers.search()).report.degraded, true)
  assert.equal(rerankers.calls, 5)
  const { report } = await rerankers.search()
  assert.match(report.message, /is not asked for a while/)
  const states = await rerankers.metric('rerank_breaker_state')
  assert.deepEqual(states, [
    'vectron_rerank_breaker_state{strategy="list"} 0',
    'vectron_rerank_breaker_state{strategy="turn"} 2',
  ])
  const outcomes = await rerankers.metric('rerank_total')
  assert.deepEqual(outcomes, ['vectron_rerank_total{strategy="turn",outcome="degraded"} 9'])
})

test('Callers who allow too little time do not make it look slow to others.', async (t) => {
  const rerankers = new Rerankers(t)
  let stalls = true
  const rerankOnce: Handlers['rerank'] = async (request, call) =>
    stalls ? never() : TURNING.rerank(request, call)
  await rerankers.start({ ...TURNING, rerank: rerankOnce })
  for (let i = 0; i < 10; i++) await rerankers.search({ timeoutMs: 5 })
  stalls = false
  assert.equal((await rerankers.search()).report.degraded, false)
})

test('What the caller wrote wrongly is an error, by the field of the request, and no failure.', async (t) => {
  const rerankers = new Rerankers(t)
  const refusing = async () => {
    const message = 'parameters.x is 3; it must be 2.'
    throw new VectronError('INVALID_ARGUMENT', message, { field: 'parameters.x' })
  }
  await rerankers.start({ ...TURNING, rerank: refusing })
  for (let i = 0; i < 7; i++) {
    await assert.rejects(rerankers.search(), {
      reason: 'INVALID_ARGUMENT',
      field: 'rerank.parameters.x',
      message: 'rerank.parameters.x is 3; it must be 2.',
    })
  }
  await assert.rejects(rerankers.search({ strategy: 'trun' }), {
    field: 'rerank.strategy',
    message: /Did you mean "turn"\?/,
  })
})

test('Calls are spread over instances, and one that died leaves them to the others.', async (t) => {
  const rerankers = new Rerankers(t)
  const counts = [0, 0]
  const counting = (index: number): Handlers => ({
    ...TURNING,
    rerank: (request, call) => {
      counts[index] = (counts[index] ?? 0) + 1
      return TURNING.rerank(request, call)
    },
  })
  const first = await rerankers.start(counting(0))
  await rerankers.start(counting(1))
  for (let i = 0; i < 20; i++) await rerankers.search()
  assert.deepEqual(counts, [10, 10])
  await rerankers.stop(first)
  for (let i = 0; i < 10; i++) assert.equal((await rerankers.search()).report.degraded, false)
  assert.deepEqual(counts, [10, 20])
})
