// Proves over both protocols that a recommendation finds what is near the mean of its positive
// examples and away from its negative ones, whether they come as ids or vectors and wherever their
// shards are, and leaves out the examples.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Random } from '@vectron/base'
import type { Answer, Json } from './exchanges.ts'
import { startTestVectron, type TestVectron } from './running-vectron.ts'
import {
  idsOf,
  randomVector,
  scoresOf,
  type TestPoint,
  TwoShardings,
  testRandom,
} from './two-shardings.ts'

const DIMENSION = 6
const POINTS = 120

let running: TestVectron

before(async () => {
  running = await startTestVectron()
})

after(() => running.close())

function draw<T>(random: Random, from: readonly T[], count: number): T[] {
  return Array.from({ length: count }, () => from[random.nextBelow(from.length)] as T)
}

function unit(vector: readonly number[]): number[] {
  const length = Math.hypot(...vector)
  return vector.map((value) => value / length)
}

function meanOf(vectors: readonly (readonly number[])[]): number[] {
  return Array.from({ length: DIMENSION }, (_, i) =>
    vectors.reduce((sum, vector) => sum + (vector[i] ?? 0) / vectors.length, 0),
  )
}

const product = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0)

/** What a collection scores by. */
const SCORES = {
  cosine: (a: number[], b: number[]) => product(unit(a), unit(b)),
  dot: product,
  l2: (a: number[], b: number[]) => -Math.hypot(...a.map((value, i) => value - (b[i] ?? 0))),
}

for (const metric of ['cosine', 'dot', 'l2'] as const) {
  test(`A recommendation equals brute force, by ${metric}.`, async () => {
    const { random, replay } = testRandom()
    const points: TestPoint[] = Array.from({ length: POINTS }, (_, n) => ({
      id: `p${n}`,
      vector: randomVector(random, DIMENSION).map((value) => value * (1 + random.nextBelow(3))),
      payload: { n },
    }))
    const shards = await TwoShardings.create(running, { name: `like-${metric}`, metric, points })
    for (let round = 0; round < 6; round++) {
      const positive = draw(random, points, 1 + random.nextBelow(4))
      const negative = draw(random, points, random.nextBelow(4))
      const foreign = randomVector(random, DIMENSION)
      const prepare = (vector: number[]) => (metric === 'cosine' ? unit(vector) : vector)
      const near = meanOf([...positive.map(({ vector }) => prepare(vector)), prepare(foreign)])
      const away =
        negative.length === 0 ? near : meanOf(negative.map(({ vector }) => prepare(vector)))
      const target = near.map((value, i) => 2 * value - (away[i] ?? 0))
      const examples = new Set([...positive, ...negative].map(({ id }) => id))
      const scoreOf = (point: TestPoint) => SCORES[metric](point.vector, target)
      const expected = points
        .filter(({ id }) => !examples.has(id))
        .sort((a, b) => scoreOf(b) - scoreOf(a))
      const named = (each: readonly TestPoint[]): Json[] => each.map(({ id }) => ({ id }))
      const recommend = {
        positive: [...named(positive), { vector: foreign }],
        negative: named(negative),
      }
      const found = await shards.search({ recommend, exact: true, topK: 20 })
      // Scores, not ids: two may be equal but for rounding.
      const scores = new Map(expected.map((point) => [point.id, scoreOf(point)]))
      idsOf(found).forEach((id, place) => {
        const nearest = expected[place]
        assert.ok(nearest)
        assert.ok(Math.abs((scores.get(id) ?? Infinity) - scoreOf(nearest)) < 1e-5, replay)
      })
      assert.equal(new Set(idsOf(found)).size, 20)
      assert.equal(found.completeness.kind, 'exact')
      // As one search by the vector that is meant.
      const ids = { mustNot: [{ hasId: [...examples] }] }
      const same = await shards.search({ vector: target, filter: ids, exact: true, topK: 20 })
      scoresOf(same).forEach((score, place) => {
        assert.ok(Math.abs(score - (scoresOf(found)[place] ?? 0)) < 1e-4, replay)
      })
    }
  })
}

test('Examples are read as fresh as the search wants, and filters, pages and batches apply.', async () => {
  const { random } = testRandom()
  const points = Array.from({ length: 40 }, (_, n) => ({
    id: `p${n}`,
    vector: randomVector(random, DIMENSION),
    payload: { n },
  }))
  const shards = await TwoShardings.create(running, { name: 'like-more', metric: 'l2', points })
  const recommend = { positive: [{ id: 'p0' }, { id: 'p1' }] }
  const filter = { must: [{ field: 'n', range: { gte: 20 } }] }
  const found = await shards.search({ recommend, filter, exact: true, topK: 40 })
  assert.equal(found.results.length, 20)
  assert.ok(found.results.every(({ payload }: Answer) => payload.n >= 20))
  const rest = await shards.search({ recommend, filter, exact: true, topK: 40, offset: 5 })
  assert.deepEqual(rest.results, found.results.slice(5))
  await shards.upsert([{ id: 'p0', vector: Array(DIMENSION).fill(9), payload: {} }])
  const [nearest] = (await shards.search({ recommend, exact: true })).results
  const moved = await shards.search({
    vector: points[1]?.vector.map((value) => (value + 9) / 2) ?? [],
    filter: { mustNot: [{ hasId: ['p0', 'p1'] }] },
    exact: true,
  })
  assert.equal(nearest.id, moved.results[0].id)
})
