import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, toBinary } from '@bufbuild/protobuf'
import {
  type Clock,
  createLogger,
  createMetrics,
  LIMITS,
  type Metrics,
  VectronError,
} from '@vectron/base'
import { vectron, wire } from '@vectron/contracts'
import { type BoundService, bindShadowedService, type CallContext } from '@vectron/rpc'
import { declareStageSeconds, StageTimes } from '../search/stage-times.ts'
import { shapeOf, shapeOfAnswer } from './query-shape.ts'
import { SlowQueries } from './slow-queries.ts'

const THRESHOLD_MS = 100

/** Slow queries before a search that takes as long as the test says. */
class Fixture {
  us = 0
  lines: Record<string, unknown>[] = []
  readonly metrics: Metrics = createMetrics()
  readonly #clock = { nowMs: () => this.us / 1000, monotonicUs: () => this.us } as Clock
  readonly slow = new SlowQueries({
    limits: { thresholdMs: THRESHOLD_MS, gateway: 'g' },
    clock: this.#clock,
    logger: createLogger({ name: 'test', write: (line) => this.lines.push(JSON.parse(line)) }),
    metrics: this.metrics,
    tracer: undefined,
  })
  readonly #service: BoundService

  constructor() {
    const seconds = declareStageSeconds(this.metrics)
    const handler = async (request: wire.SearchRequest, call: CallContext) => {
      const stages = new StageTimes(this.#clock, seconds, undefined)
      this.slow.noteStages(call, stages)
      await stages.time('fan_out', async () => {
        this.us += (request.timeoutMs ?? 0) * 1000
      })
      if (request.sessionToken === 'bad') throw new VectronError('DEADLINE_EXCEEDED', 'late')
      return { shardsTotal: 3, shardsAnswered: 2 }
    }
    const handlers = { search: handler, batchSearch: handler, searchStream: handler } as never
    const bound = bindShadowedService({ open: vectron.Search, shadow: wire.Search }, handlers)
    this.#service = this.slow.watch(bound)
  }

  /** Searches; `tookMs` later there is an answer. */
  async search(tookMs: number, more: { id?: string; sessionToken?: string } = {}): Promise<void> {
    const { handler } = this.#service.methods.find(({ open }) => open.name === 'Search') ?? {}
    assert.ok(handler?.kind === 'unary')
    const request = create(wire.SearchRequestSchema, {
      collection: 'p1/c',
      timeoutMs: tookMs,
      query: { case: 'vector', value: new Uint8Array(8) },
      sessionToken: more.sessionToken ?? '',
    })
    const call = {
      method: vectron.Search.method.search,
      requestId: more.id ?? 'r',
      principal: { projectId: 'p1' },
      audited: 'c',
    } as unknown as CallContext
    await handler.handle(request, call)
  }
}

test('What takes the threshold or longer is remembered and logged with its stages, and no less.', async () => {
  const fixture = new Fixture()
  await fixture.search(THRESHOLD_MS - 1)
  assert.deepEqual(fixture.slow.list(), [])
  await fixture.search(THRESHOLD_MS, { id: 'first' })
  await assert.rejects(fixture.search(THRESHOLD_MS + 1, { sessionToken: 'bad' }))
  const [failed, slow] = fixture.slow.list()
  assert.deepEqual([failed?.outcome, failed?.shardsTotal], ['DEADLINE_EXCEEDED', 0])
  const { requestId, innerCollection, target, shardsTotal, shardsAnswered, tookUs, stages } = slow!
  assert.deepEqual([requestId, innerCollection, target], ['first', 'p1/c', 'vector'])
  assert.deepEqual([shardsTotal, shardsAnswered, tookUs], [3, 2, 100_000])
  assert.deepEqual(
    stages.map(({ name, tookUs: us }) => [name, us]),
    [['fan_out', 100_000]],
  )
  const [line] = fixture.lines
  assert.deepEqual(
    [line?.['msg'], line?.['collection'], line?.['stages']],
    ['slow query', 'c', { fan_out: 100_000 }],
  )
  assert.match(await fixture.metrics.expose(), /vectron_slow_queries_total\{method="Search"\} 2/)
})

test('The newest are kept, as many as there is room for.', async () => {
  const fixture = new Fixture()
  for (let n = 0; n < LIMITS.slowQueriesKept + 5; n++) {
    await fixture.search(THRESHOLD_MS, { id: `r${n}` })
  }
  const ids = fixture.slow.list().map(({ requestId }) => requestId)
  assert.equal(ids.length, LIMITS.slowQueriesKept)
  assert.deepEqual([ids[0], ids.at(-1)], [`r${LIMITS.slowQueriesKept + 4}`, 'r5'])
})

test('Of many in one second ten are logged, and the next line tells how many were left out.', async () => {
  const fixture = new Fixture()
  const once = () => fixture.search(THRESHOLD_MS)
  // All of them end within the second that begins here.
  for (let n = 0; n < 25; n++) {
    fixture.us = 10_000_000
    await once()
  }
  assert.equal(fixture.lines.length, 10)
  fixture.us = 11_000_000
  await once()
  assert.equal(fixture.lines.length, 11)
  assert.equal(fixture.lines.at(-1)?.['leftOut'], 15)
  fixture.us = 12_000_000
  await once()
  assert.equal(fixture.lines.at(-1)?.['leftOut'], undefined)
  assert.equal(fixture.slow.list().length, 27)
})

test('A shape tells kinds and numbers; never vectors, texts, ids or keys.', () => {
  const key = 'vk_prod_AAAAAAAAAAAA_BBBBBBBBBBBB'
  const filter = create(vectron.FilterSchema, {
    must: [{ condition: { case: 'hasId', value: { ids: [key] } } }] as never,
  })
  const encoded = toBinary(vectron.FilterSchema, filter)
  const searches = [
    { query: { case: 'text', value: 'my secret' }, topK: 3, filter: undefined },
    { query: { case: 'id', value: 'secret-id' }, topK: undefined, filter: encoded },
    { query: { case: 'vector', value: new Uint8Array([1, 2, 3, 4]) }, topK: 50 },
  ]
  const shape = shapeOf('batchSearch', { searches })
  assert.deepEqual([shape.target, shape.count, shape.topK], ['id, text, vector', 3, 50])
  assert.ok(!JSON.stringify(shape).includes('secret'))
  assert.ok(!shape.filter.includes('BBBB'), shape.filter)
  assert.deepEqual(shapeOf('batchGetPoints', { ids: ['a', 'b'] }), {
    ...shapeOf('getPoint', { id: 'a' }),
    count: 2,
  })
  assert.equal(shapeOf('scrollPoints', { pageSize: 7 }).topK, 7)
  const long = create(vectron.FilterSchema, {
    must: [{ condition: { case: 'hasId', value: { ids: ['x'.repeat(100_000)] } } }] as never,
  })
  assert.ok(shapeOf('countPoints', { filter: long }).filter.length < LIMITS.slowQueryFilterBytesMax)
})

test('An answer tells of its shards, one of a batch by the first.', () => {
  assert.deepEqual(shapeOfAnswer({ responses: [{ shardsTotal: 4, shardsAnswered: 4 }] } as never), {
    shardsTotal: 4,
    shardsAnswered: 4,
  })
  assert.deepEqual(shapeOfAnswer(undefined), { shardsTotal: 0, shardsAnswered: 0 })
})
