// Proves over both protocols that a recommendation finds what is near the mean of its positive
// examples and away from its negative ones, or what is most like one of them by its best score,
// whether they come as ids or vectors and wherever their shards are, and leaves out the examples.

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

const squash = (likeness: number) => (likeness >= 0 ? 1 + likeness : 1 / (1 - likeness))

for (const metric of ['cosine', 'dot', 'l2'] as const) {
  test(`A recommendation by the best score equals brute force, by ${metric}.`, async () => {
    const { random, replay } = testRandom()
    const points: TestPoint[] = Array.from({ length: POINTS }, (_, n) => ({
      id: `p${n}`,
      vector: randomVector(random, DIMENSION).map((value) => value * (1 + random.nextBelow(3))),
      payload: { n },
    }))
    const shards = await TwoShardings.create(running, { name: `best-${metric}`, metric, points })
    for (let round = 0; round < 6; round++) {
      const positive = draw(random, points, 1 + random.nextBelow(4))
      // In some rounds most points are more like a negative example.
      const negative = draw(random, points, round % 3 === 0 ? 40 : random.nextBelow(4))
      const foreign = randomVector(random, DIMENSION)
      const examples = new Set([...positive, ...negative].map(({ id }) => id))
      const nearest = (vector: number[], all: number[][]) =>
        Math.max(...all.map((example) => SCORES[metric](vector, example)))
      const scoreOf = ({ vector }: TestPoint) => {
        const like = nearest(vector, [...positive.map((each) => each.vector), foreign])
        const unlike = nearest(
          vector,
          negative.map((each) => each.vector),
        )
        return like > unlike ? squash(like) : -squash(unlike)
      }
      const expected = points.filter(({ id }) => !examples.has(id)).map(scoreOf)
      expected.sort((a, b) => b - a)
      const named = (each: readonly TestPoint[]): Json[] => each.map(({ id }) => ({ id }))
      const recommend = {
        positive: [...named(positive), { vector: foreign }],
        negative: named(negative),
        strategy: 'best_score',
      }
      const found = await shards.search({ recommend, exact: true, topK: 30 })
      assert.equal(found.completeness.kind, 'exact')
      const scores = new Map(points.map((point) => [point.id, scoreOf(point)]))
      assert.equal(new Set(idsOf(found)).size, 30)
      idsOf(found).forEach((id, place) => {
        assert.ok(!examples.has(id))
        const [told = 0, own = 0, wanted = 0] = [
          scoresOf(found)[place],
          scores.get(id),
          expected[place],
        ]
        assert.ok(Math.abs(told - own) < 1e-5, `${id}: ${told} for ${own}, ${replay}`)
        assert.ok(Math.abs(own - wanted) < 1e-5, `place ${place}: ${own} for ${wanted}, ${replay}`)
      })
      await checkWindows(shards, { recommend, found })
    }
  })
}

/** Offsets, thresholds, pages, groups and legs go by the best score, higher first. */
async function checkWindows(
  shards: TwoShardings,
  { recommend, found }: { readonly recommend: Json; readonly found: Answer },
): Promise<void> {
  const request = { recommend, exact: true }
  const some = await shards.search({ ...request, topK: 10, offset: 5 })
  assert.deepEqual(idsOf(some), idsOf(found).slice(5, 15))
  const threshold = ((scoresOf(found)[9] ?? 0) + (scoresOf(found)[10] ?? 0)) / 2
  const near = await shards.search({ ...request, topK: 30, scoreThreshold: threshold })
  assert.deepEqual(idsOf(near), idsOf(found).slice(0, 10))
  const paged: string[] = []
  for (let pageToken = ''; paged.length < 30; ) {
    const page = await shards.searchAt({ ...request, topK: 10, pageToken }, 1)
    paged.push(...idsOf(page))
    pageToken = page.nextPageToken
  }
  assert.deepEqual(paged.toSorted(), idsOf(found).toSorted())
  const groupBy = { field: 'n', groupSize: 1 }
  const { groups } = await shards.search({ ...request, topK: 10, groupBy })
  assert.deepEqual(
    groups.map(({ results }: Answer) => results[0].id),
    idsOf(found).slice(0, 10),
  )
  const fused = { legs: [{ recommend, topK: 10 }], method: 'scores' }
  const { results } = await shards.search({ fused, exact: true, topK: 10 })
  assert.equal(results[0].id, idsOf(found)[0])
  assert.deepEqual(idsOf({ results }).toSorted(), idsOf(found).slice(0, 10).toSorted())
}

test('A recommendation by the best score explains itself, and is not traced.', async () => {
  const { random } = testRandom()
  const points = Array.from({ length: 60 }, (_, n) => ({
    id: `p${n}`,
    vector: randomVector(random, DIMENSION),
    payload: { n },
  }))
  const shards = await TwoShardings.create(running, { name: 'best-why', metric: 'l2', points })
  const positive = [{ id: 'p0' }, { id: 'p1' }]
  const recommend = { positive, negative: [{ id: 'p2' }], strategy: 'best_score' }
  const { plans } = await shards.searchAt({ recommend, explain: true, exact: true }, 0)
  assert.deepEqual([plans[0].strategy, Number(plans[0].alternatives[0].distances)], ['scan', 120])
  const all = await shards.search({ recommend, topK: 57, exact: true })
  const last = idsOf(all).at(-1) ?? ''
  const { whyNot } = await shards.searchAt({ recommend, topK: 3, whyNot: last }, 0)
  assert.deepEqual([whyNot.cause, whyNot.rank], ['outranked', 57])
})
