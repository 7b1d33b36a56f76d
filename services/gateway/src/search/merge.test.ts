import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { f32ToBytes, seededRandom, testSeed } from '@vectron/base'
import { engine, vectron } from '@vectron/contracts'
import { mergeResults } from './merge.ts'

function resultOf(
  hits: readonly (readonly [string, number])[],
  init: MessageInitShape<typeof engine.QueryResultSchema> = {},
): engine.QueryResult {
  return create(engine.QueryResultSchema, {
    exact: true,
    ...init,
    scores: f32ToBytes(hits.map(([, score]) => score)),
    points: hits.map(([id]) => Buffer.from(id)),
  })
}

function merge(results: engine.QueryResult[], metric: vectron.Metric, topK: number) {
  const hits = mergeResults(results, { metric, topK })
  return { ...hits, ids: hits.points.map((point) => Buffer.from(point).toString()) }
}

test('Hits of several shards come out nearest first, by the direction of the metric.', () => {
  const near = resultOf([
    ['a', 0.9],
    ['b', 0.5],
  ])
  const far = resultOf([
    ['c', 0.7],
    ['d', 0.1],
  ])
  assert.deepEqual(merge([near, far], vectron.Metric.COSINE, 3).ids, ['a', 'c', 'b'])
  const short = resultOf([['e', 1]])
  const long = resultOf([
    ['f', 0.5],
    ['g', 2],
  ])
  assert.deepEqual(merge([short, long], vectron.Metric.L2, 10).ids, ['f', 'e', 'g'])
})

test('With one shard its points go on as the very same buffers.', () => {
  const only = resultOf([['a', 1]])
  assert.equal(mergeResults([only], { metric: vectron.Metric.DOT, topK: 1 }).points, only.points)
})

test('The answer is exact only if all are, and counts matches only if all know.', () => {
  const known = resultOf([], { matches: 3n, warnings: ['w'] })
  const walked = resultOf([], { matches: 4n, exact: false, warnings: ['w', 'v'] })
  const unknown = resultOf([])
  const both = merge([known, walked], vectron.Metric.DOT, 1)
  assert.equal(both.exact, false)
  assert.equal(both.matches, 7n)
  assert.deepEqual(both.warnings, ['w', 'v'])
  assert.equal(merge([known, unknown], vectron.Metric.DOT, 1).matches, undefined)
})

test('A merge equals a stable sort of all hits, for random shards with equal scores.', () => {
  const seed = testSeed()
  const random = seededRandom(seed)
  for (let round = 0; round < 100; round++) {
    const shards = Array.from({ length: 1 + random.nextBelow(5) }, (_, shard) =>
      Array.from({ length: random.nextBelow(8) }, (_, i): [string, number] => [
        `${shard}.${i}`,
        random.nextBelow(4),
      ]).sort((a, b) => b[1] - a[1]),
    )
    const topK = 1 + random.nextBelow(10)
    const expected = shards.flat().sort((a, b) => b[1] - a[1])
    const found = merge(
      shards.map((hits) => resultOf(hits)),
      vectron.Metric.DOT,
      topK,
    )
    const ids = shards.length === 1 ? expected : expected.slice(0, topK)
    assert.deepEqual(
      found.ids,
      ids.map(([id]) => id),
      `VECTRON_SEED=${seed}`,
    )
  }
})
