// Proves over both protocols that grouped results equal brute force, in one shard and in many:
// where the nearest points are all of few groups, points have several values or none, and values
// are of all types.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Random } from '@vectron/base'
import type { Answer, Json } from './exchanges.ts'
import { startTestVectron, type TestVectron } from './running-vectron.ts'
import {
  type Fields,
  randomVector,
  type TestPoint,
  TwoShardings,
  testRandom,
} from './two-shardings.ts'

const DIMENSION = 4
const POINTS = 900

let running: TestVectron

before(async () => {
  running = await startTestVectron()
})

after(() => running.close())

type Value = string | number | boolean

interface GroupedPoint extends TestPoint {
  /** The groups that it is in. */
  readonly values: readonly Value[]
}

/**
 * Points lie close to those of the same group, and the first groups are large: the nearest hundreds
 * of points are of few groups.
 */
function clusteredPoints(random: Random, groups: readonly Value[]): GroupedPoint[] {
  const centres = groups.map(() => randomVector(random, DIMENSION))
  const draw = () => {
    const share = random.nextFloat()
    return Math.floor(share * share * groups.length)
  }
  return Array.from({ length: POINTS }, (_, n) => {
    const group = draw()
    const noise = randomVector(random, DIMENSION)
    const vector = (centres[group] ?? []).map((value, i) => value + 0.05 * (noise[i] ?? 0))
    const value = groups[group] as Value
    const other = groups[draw()] as Value
    const shapes: [Fields, Value[]][] = [
      [{ of: value }, [value]],
      [{ of: value }, [value]],
      [{ of: value }, [value]],
      [{ of: value }, [value]],
      [{ of: [value, other] }, [value, other]],
      [{ of: [value, null, [value]] }, [value]],
      [{ of: null }, []],
      [{ of: [] }, []],
      [{ of: { deep: 1 } }, []],
      [{}, []],
    ]
    const [payload, values] = shapes[random.nextBelow(shapes.length)] as [Fields, Value[]]
    return { id: `p${n}`, vector, payload: { ...payload, n }, values }
  })
}

/** What groups are checked by. */
interface Wanted {
  /** Those that match the filter. */
  readonly points: readonly GroupedPoint[]
  readonly target: readonly number[]
  readonly groups: number
  readonly size: number
  readonly replay: string
}

/**
 * By one look at all points. By distances, not by ids: two may be equal but for rounding.
 */
function checkGroups(found: Answer, { points, target, groups, size, replay }: Wanted): void {
  const distance = ({ vector }: TestPoint) =>
    Math.hypot(...vector.map((value, i) => value - (target[i] ?? 0)))
  const expected = new Map<Value, number[]>()
  for (const point of [...points].sort((a, b) => distance(a) - distance(b))) {
    for (const value of new Set(point.values)) {
      const before = expected.get(value) ?? []
      expected.set(value, [...before, distance(point)].slice(0, size))
    }
  }
  const byPlace = [...expected.values()].slice(0, groups)
  assert.equal(found.groups.length, byPlace.length, replay)
  const values = new Map(points.map((point) => [point.id, point.values]))
  found.groups.forEach(({ value, results }: Answer, place: number) => {
    const ids: string[] = results.map(({ id }: Answer) => id)
    assert.equal(new Set(ids).size, ids.length, replay)
    assert.ok(
      ids.every((id) => values.get(id)?.includes(value)),
      replay,
    )
    const scores: number[] = results.map(({ score }: Answer) => score)
    const distances = expected.get(value) ?? []
    assert.equal(scores.length, distances.length, replay)
    for (const [at, score] of scores.entries()) {
      assert.ok(Math.abs(score - (distances[at] ?? Infinity)) < 1e-5, `${replay} ${value}`)
    }
    assert.ok(Math.abs((scores[0] ?? 0) - (byPlace[place]?.[0] ?? Infinity)) < 1e-5, replay)
  })
}

function groupsOf(answer: Answer): { value: Value; ids: string[] }[] {
  return answer.groups.map(({ value, results }: Answer) => ({
    value,
    ids: results.map(({ id }: Answer) => id),
  }))
}

const GROUPS: readonly Value[] = [
  ...Array.from({ length: 12 }, (_, n) => `g${n}`),
  ...Array.from({ length: 6 }, (_, n) => n),
  0.5,
  true,
  false,
  'true',
]

test('Groups equal brute force.', async () => {
  const { random, replay } = testRandom()
  const points = clusteredPoints(random, GROUPS)
  const shards = await TwoShardings.create(running, { name: 'groups', metric: 'l2', points })
  for (let round = 0; round < 25; round++) {
    const target = randomVector(random, DIMENSION)
    const groups = 1 + random.nextBelow(GROUPS.length + 4)
    const size = 1 + random.nextBelow(20)
    const below = random.nextBelow(2) === 0 ? POINTS : 100 + random.nextBelow(POINTS)
    const request = {
      vector: target,
      groupBy: { field: 'of', groupSize: size },
      filter: { must: [{ field: 'n', range: { lt: below } }] },
      topK: groups,
      exact: true,
    }
    const matching = points.filter(({ payload }) => (payload['n'] as number) < below)
    for (const place of [0, 1] as const) {
      const found = await shards.searchAt(request, place)
      checkGroups(found, { points: matching, target, groups, size, replay })
      assert.deepEqual([found.results, found.exact, found.completeness.kind], [[], true, 'exact'])
    }
  }
})

test('A path goes through arrays of objects, and through stored fields.', async () => {
  const { random, replay } = testRandom()
  const names = ['a', 'b', 'c', 'd', 'e']
  const points = Array.from({ length: 400 }, (_, n): GroupedPoint => {
    const name = () => names[random.nextBelow(names.length)] as string
    const values = [name(), name()].slice(random.nextBelow(2))
    const tags = values.map((value) => ({ name: value, n }))
    const payload = { tags: tags.length === 1 ? (tags[0] as Json) : tags, kept: { tags } }
    return { id: `p${n}`, vector: randomVector(random, DIMENSION), payload, values }
  })
  const shards = await TwoShardings.create(running, {
    name: 'paths',
    metric: 'l2',
    points,
    settings: { payloadSchema: { 'kept.tags.name': 'stored' } },
  })
  for (const field of ['tags.name', 'kept.tags.name']) {
    for (const topK of [3, 10]) {
      const vector = randomVector(random, DIMENSION)
      const groupBy = { field, groupSize: 60 }
      for (const place of [0, 1] as const) {
        const found = await shards.searchAt({ vector, groupBy, topK, exact: true }, place)
        checkGroups(found, { points, target: vector, groups: topK, size: 60, replay })
      }
    }
  }
})

test('What is shown of results can be chosen, and a threshold ends groups.', async () => {
  const points = Array.from({ length: 12 }, (_, n) => ({
    id: `p${String(n).padStart(2, '0')}`,
    vector: [n],
    payload: { of: `g${n % 3}`, n },
  }))
  const shards = await TwoShardings.create(running, { name: 'shown', metric: 'l2', points })
  const request = { vector: [0], groupBy: { field: 'of' }, exact: true }
  const plain = await shards.search(request)
  assert.deepEqual(groupsOf(plain), [
    { value: 'g0', ids: ['p00', 'p03', 'p06'] },
    { value: 'g1', ids: ['p01', 'p04', 'p07'] },
    { value: 'g2', ids: ['p02', 'p05', 'p08'] },
  ])
  assert.deepEqual(plain.groups[1].results[1].payload, { of: 'g1', n: 4 })
  const some = await shards.search({ ...request, payloadFields: { include: ['n'] } })
  assert.deepEqual(some.groups[1].results[1].payload, { n: 4 })
  const none = await shards.search({ ...request, withPayload: false, withVector: true })
  const [first] = none.groups[1].results
  assert.deepEqual([first.payload, first.vector], [undefined, [1]])
  const near = await shards.search({ ...request, scoreThreshold: 4 })
  assert.deepEqual(groupsOf(near), [
    { value: 'g0', ids: ['p00', 'p03'] },
    { value: 'g1', ids: ['p01'] },
    { value: 'g2', ids: ['p02'] },
  ])
  const walked = await shards.search({ ...request, exact: false, explain: true }, ['exact', 'kind'])
  assert.deepEqual(groupsOf(walked), groupsOf(plain))
  const { vector: _, ...others } = request
  const byPoint = await shards.search({ ...others, id: 'p00' })
  assert.deepEqual(groupsOf(byPoint)[0], { value: 'g1', ids: ['p01', 'p04', 'p07'] })
})

test('Searches of one batch are grouped each by itself.', async () => {
  const { random } = testRandom()
  const points = clusteredPoints(random, GROUPS)
  const shards = await TwoShardings.create(running, { name: 'batches', metric: 'l2', points })
  const searches = [3, 30].map((topK) => ({
    vector: randomVector(random, DIMENSION),
    groupBy: { field: 'of', groupSize: 4 },
    topK,
    exact: true,
  }))
  const [one, many] = await shards.batch([...searches, { vector: randomVector(random, DIMENSION) }])
  assert.deepEqual(one.responses[2].groups, [])
  for (const [place, search] of searches.entries()) {
    const expected = groupsOf(await shards.searchAt(search, 1))
    assert.deepEqual(groupsOf(many.responses[place]), expected)
  }
})
