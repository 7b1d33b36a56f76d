// Proves over both protocols that a fused search makes one list of what its legs find as single
// searches, by ranks and by scores, the same in one shard and in many, and tells of each leg how
// far it can be relied on.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Random } from '@vectron/base'
import type { Answer, Json } from './exchanges.ts'
import { startTestVectron, type TestVectron } from './running-vectron.ts'
import {
  type Fields,
  idsOf,
  randomVector,
  scoresOf,
  type TestPoint,
  TwoShardings,
  testRandom,
} from './two-shardings.ts'

const DIMENSION = 6
const POINTS = 150

let running: TestVectron

before(async () => {
  running = await startTestVectron()
})

after(() => running.close())

/** Single searches that say what a fused one of them must be. */
interface LegCase {
  readonly leg: Fields
  readonly weight: number
}

function randomLeg(random: Random, points: readonly TestPoint[]): LegCase {
  const weight = [0.5, 1, 3][random.nextBelow(3)] as number
  const query: Fields[] = [
    { vector: randomVector(random, DIMENSION) },
    { id: points[random.nextBelow(points.length)]?.id ?? '' },
    { recommend: { positive: [{ id: 'p1' }, { id: 'p2' }], negative: [{ id: 'p3' }] } },
  ]
  const filter: Json = { must: [{ field: 'n', range: { lt: 20 + random.nextBelow(POINTS) } }] }
  const leg = {
    ...query[random.nextBelow(query.length)],
    topK: 1 + random.nextBelow(40),
    ...(random.nextBelow(2) === 0 ? {} : { filter }),
  }
  return { leg, weight }
}

/** Plainly: ids with scores, best first, of equal scores the lower id first. */
function fuse(
  method: 'ranks' | 'scores',
  lists: readonly { readonly answer: Answer; readonly weight: number }[],
  isDistance: boolean,
): [string, number][] {
  const fused = new Map<string, number>()
  for (const { answer, weight } of lists) {
    const scores: number[] = answer.results.map(({ score }: Answer) => score)
    const [low, high] = [Math.min(...scores), Math.max(...scores)]
    answer.results.forEach(({ id, score }: Answer, place: number) => {
      const byRank = 1 / (60 + place + 1)
      const above = isDistance ? high - score : score - low
      const byScore = low === high ? 1 : above / (high - low)
      const share = method === 'ranks' ? byRank : byScore
      fused.set(id, (fused.get(id) ?? 0) + weight * share)
    })
  }
  return [...fused].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
}

for (const metric of ['cosine', 'l2'] as const) {
  test(`A fused search is what its legs are, by ${metric}.`, async () => {
    const { random, replay } = testRandom()
    const points: TestPoint[] = Array.from({ length: POINTS }, (_, n) => ({
      id: `p${n}`,
      vector: randomVector(random, DIMENSION),
      payload: { n, even: n % 2 === 0 },
    }))
    const shards = await TwoShardings.create(running, { name: `fused-${metric}`, metric, points })
    for (let round = 0; round < 12; round++) {
      const cases = Array.from({ length: 1 + random.nextBelow(4) }, () => randomLeg(random, points))
      const outer: Json =
        random.nextBelow(2) === 0 ? {} : { must: [{ field: 'even', match: true }] }
      const lists: { answer: Answer; weight: number }[] = []
      for (const { leg, weight } of cases) {
        const { filter = {} } = leg
        const both = { must: [{ filter }, { filter: outer }] }
        const answer = await shards.search({ ...leg, filter: both, exact: true })
        lists.push({ answer, weight })
      }
      const method = round % 2 === 0 ? 'ranks' : 'scores'
      const legs = cases.map(({ leg, weight }) => ({ ...leg, weight }))
      const request = { fused: { legs, method }, filter: outer, exact: true }
      const found = await shards.search({ ...request, topK: 1000 })
      const expected = fuse(method, lists, metric === 'l2')
      assert.deepEqual(
        idsOf(found),
        expected.map(([id]) => id),
        `${replay} ${JSON.stringify(request)}`,
      )
      scoresOf(found).forEach((score, place) => {
        assert.ok(Math.abs(score - (expected[place]?.[1] ?? 0)) < 1e-5, replay)
      })
      assert.deepEqual(
        found.legs,
        legs.map(() => ({ kind: 'exact', truncatedBy: [] })),
      )
      assert.equal(found.completeness.kind, 'exact')
      const part = await shards.search({ ...request, topK: 3, offset: 2 })
      assert.deepEqual(part.results, found.results.slice(2, 5), replay)
    }
  })
}

test('Of equal scores the lower id comes first, and what is shown can be chosen.', async () => {
  const points = [
    { id: 'b', vector: [1, 0], payload: { n: 1, m: 1 } },
    { id: 'a', vector: [0, 1], payload: { n: 2, m: 2 } },
    { id: 'c', vector: [-1, -1], payload: { n: 3, m: 3 } },
  ]
  const shards = await TwoShardings.create(running, { name: 'ties', metric: 'cosine', points })
  const legs: Json = [{ vector: [1, 0] }, { vector: [0, 1] }]
  const payloadFields = { include: ['m'] }
  const found = await shards.search({ fused: { legs }, exact: true, payloadFields })
  assert.deepEqual(idsOf(found), ['a', 'b', 'c'])
  assert.deepEqual(
    found.results.map(({ payload }: Answer) => payload),
    [{ m: 2 }, { m: 1 }, { m: 3 }],
  )
  const [first] = found.results
  assert.ok(Math.abs(first.score - (1 / 61 + 1 / 62)) < 1e-6)
  const steep = { legs, rankConstant: 1 }
  const best = await shards.search({ fused: steep, exact: true, scoreThreshold: 0.6 })
  assert.deepEqual(idsOf(best), ['a', 'b'])
  const near: Json = [
    { vector: [1, 0], scoreThreshold: 0.5 },
    { vector: [0, 1], topK: 1 },
  ]
  assert.deepEqual(idsOf(await shards.search({ fused: { legs: near }, exact: true })), ['a', 'b'])
})

test('A leg is told apart by a partition key, and its plans are explained.', async () => {
  const points = Array.from({ length: 30 }, (_, n) => ({
    id: `p${n}`,
    vector: [n, 1],
    payload: { tenant: `t${n % 3}` },
  }))
  const shards = await TwoShardings.create(running, {
    name: 'parted',
    metric: 'l2',
    points,
    settings: { partitionKey: 'tenant' },
  })
  const of = (tenant: string): Json => ({ must: [{ field: 'tenant', match: tenant }] })
  const legs: Json = ['t0', 't1'].map((tenant) => ({ vector: [0, 1], filter: of(tenant), topK: 4 }))
  const request = { fused: { legs }, explain: true }
  const found = await shards.search(request, ['took', 'detail', 'name', 'text', 'stages'])
  assert.deepEqual(idsOf(found), ['p0', 'p1', 'p3', 'p4', 'p6', 'p7', 'p9', 'p10'].sort(byRank))
  assert.ok(found.shardsTotal <= 2)
  assert.equal(found.plans.length, 2)
  assert.match(found.explanation.text, /fan_out.*\n[\s\S]*shard \d+.*\n +scan/)
})

/** In the test above: by place in the leg, then by id. */
function byRank(a: string, b: string): number {
  const place = (id: string) => Math.floor(Number(id.slice(1)) / 3)
  return place(a) - place(b) || (a < b ? -1 : 1)
}
