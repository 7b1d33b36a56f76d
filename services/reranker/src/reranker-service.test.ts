// The service over its in-process client: what is refused, what is kept, and what long work leaves
// to others.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogger, createMetrics, f32ToBytes, systemClock } from '@vectron/base'
import { rerank } from '@vectron/contracts'
import { bindService, createInProcessClient } from '@vectron/rpc'
import { openReranker } from './open-reranker.ts'
import { RerankerService } from './reranker-service.ts'
import { ResultCache } from './result-cache.ts'
import type { Strategy } from './strategy/strategy.ts'

const logger = createLogger({ name: 'test', write: () => {} })
const clock = systemClock

function openWhole() {
  const options = {
    cacheBytesMax: 0,
    linear: { folder: '' },
    http: { endpoint: '', model: '', key: '' },
    onnx: { folder: '' },
  }
  const { service } = openReranker({ ...options, clock, logger, metrics: createMetrics() })
  return createInProcessClient(rerank.Reranker, service)
}

/** A reranker of one costly strategy that keeps the order and counts how often it was asked. */
function openCounting(bytesMax: number) {
  const metrics = createMetrics()
  const counts = { ranked: 0 }
  const strategy: Strategy = {
    name: 'dear',
    version: '1',
    description: 'Counts.',
    wantsPayload: true,
    wantsVector: false,
    isCostly: true,
    problem: () => '',
    prepare: (parameters) => {
      parameters.number('x', { min: 0, max: 9 }, 0)
      parameters.end()
      return {
        version: '1',
        rank: ({ candidates, topK }) => {
          counts.ranked++
          const all = candidates.map((_, place) => ({ place, score: -place, reason: 'as it was' }))
          return all.slice(0, topK)
        },
      }
    },
  }
  const cache = new ResultCache({ bytesMax, clock, metrics })
  const strategies = new Map([[strategy.name, strategy]])
  const handlers = new RerankerService({ strategies, cache, clock, metrics })
  const client = createInProcessClient(rerank.Reranker, bindService(rerank.Reranker, handlers))
  return { client, counts, metrics }
}

const REQUEST = {
  collection: 'c',
  strategy: 'dear',
  queryText: 'q',
  topK: 2,
  candidates: [1, 2, 3].map((n) => ({ score: 1 / n, payload: Buffer.from(`{"n":${n}}`) })),
}

test('Strategies tell what they want, and why they cannot be used.', async () => {
  const { strategies } = await openWhole().listStrategies({})
  const told = strategies.map((one) => [one.name, one.wantsPayload, one.wantsVector])
  assert.deepEqual(told, [
    ['fusion', true, false],
    ['http', true, false],
    ['linear', true, false],
    ['mmr', false, true],
    ['onnx', true, false],
    ['rules', true, false],
  ])
  const problems = strategies.flatMap(({ name, problem }) => (problem === '' ? [] : [name]))
  assert.deepEqual(problems, ['http', 'linear', 'onnx'])
})

test('Parameters are checked without candidates, and wrong ones named.', async () => {
  const client = openWhole()
  const ask = (strategy: string, parameters: string) => client.rerank({ strategy, parameters })
  assert.deepEqual((await ask('mmr', '{"lambda": 0.3}')).results, [])
  await assert.rejects(ask('mrm', ''), { field: 'strategy', message: /Did you mean "mmr"/ })
  await assert.rejects(ask('mmr', '{"lambda": '), { reason: 'INVALID_JSON', field: 'parameters' })
  await assert.rejects(ask('mmr', '[1]'), { field: 'parameters' })
  await assert.rejects(ask('mmr', '{"lambda": 7}'), { field: 'parameters.lambda' })
  const large = JSON.stringify({ lambda: 0.5, x: 'y'.repeat(20_000) })
  await assert.rejects(ask('mmr', large), { field: 'parameters', message: /limit is 16384/ })
  await assert.rejects(ask('http', ''), { reason: 'UNAVAILABLE', message: /httpEndpoint/ })
})

test('An equal request gets what was kept; one that differs in anything does not.', async () => {
  const { client, counts } = openCounting(1_000_000)
  const first = await client.rerank(REQUEST)
  const again = await client.rerank(REQUEST)
  assert.deepEqual([first.cached, again.cached, counts.ranked], [false, true, 1])
  assert.deepEqual(again.results, first.results)
  const [candidate, ...others] = REQUEST.candidates
  const changed = { score: candidate?.score ?? 0, payload: Buffer.from('{"n":9}') }
  await client.rerank({ ...REQUEST, candidates: [changed, ...others] })
  await client.rerank({ ...REQUEST, queryText: 'other' })
  await client.rerank({ ...REQUEST, parameters: '{"x":1}' })
  await client.rerank({ ...REQUEST, lowerIsBetter: true })
  assert.equal(counts.ranked, 5)
})

test('What is kept is forgotten by collection, and bounded.', async () => {
  const { client, counts, metrics } = openCounting(5_000)
  await client.rerank(REQUEST)
  await client.rerank({ ...REQUEST, collection: 'd' })
  assert.equal((await client.invalidateCache({ collection: 'c' })).forgotten, 1)
  assert.equal((await client.rerank({ ...REQUEST, collection: 'd' })).cached, true)
  assert.equal((await client.rerank(REQUEST)).cached, false)
  assert.equal((await client.invalidateCache({})).forgotten, 2)
  for (let n = 0; n < 100; n++) await client.rerank({ ...REQUEST, queryText: `${n}` })
  const bytes = /^vectron_rerank_cache_bytes (\d+)$/m.exec(await metrics.expose())
  assert.ok(Number(bytes?.[1]) > 0 && Number(bytes?.[1]) <= 5_000)
  assert.equal(counts.ranked, 103)
  const none = openCounting(0)
  await none.client.rerank(REQUEST)
  assert.equal((await none.client.rerank(REQUEST)).cached, false)
})

test('Long work lets others run, and ends when its time is over.', async () => {
  const vector = f32ToBytes(Array.from({ length: 1024 }, (_, at) => Math.sin(at)))
  const candidates = Array.from({ length: 1000 }, (_, at) => ({ score: 1 / (1 + at), vector }))
  let turns = 0
  const turn = () => {
    turns++
    next = setImmediate(turn)
  }
  let next = setImmediate(turn)
  const request = { strategy: 'mmr', candidates, topK: 1000 }
  await assert.rejects(openWhole().rerank(request, { timeoutMs: 100 }), {
    reason: 'DEADLINE_EXCEEDED',
  })
  clearImmediate(next)
  assert.ok(turns > 1, `${turns} turns of others`)
})
