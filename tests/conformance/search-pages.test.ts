// Proves over both protocols that pages and offsets give, piece by piece, what one search gives at
// once, in one shard and in many, among equal scores and while points are written; and that a score
// threshold cuts where it says.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Random } from '@vectron/base'
import type { Answer, Json } from './exchanges.ts'
import { startTestVectron, type TestVectron } from './running-vectron.ts'
import {
  type Fields,
  idsOf,
  randomVector,
  ranked,
  scoresOf,
  type TestPoint,
  TwoShardings,
  testRandom,
} from './two-shardings.ts'

const DIMENSION = 8
const POINTS = 300

let running: TestVectron

before(async () => {
  running = await startTestVectron()
})

after(() => running.close())

function randomPoints(random: Random, count: number, prefix = 'p'): TestPoint[] {
  return Array.from({ length: count }, (_, n) => ({
    id: `${prefix}${n}`,
    vector: randomVector(random, DIMENSION),
    payload: { n },
  }))
}

/** Every page of each collection, one after the other; `between` runs before each next page. */
async function pagesOf(
  shards: TwoShardings,
  request: Fields,
  between: () => Promise<void> = async () => {},
): Promise<[Answer[], Answer[]]> {
  const pages: [Answer[], Answer[]] = [[], []]
  let tokens: [string, string] = ['', '']
  for (;;) {
    const next: [string, string] = ['', '']
    for (const place of [0, 1] as const) {
      if (pages[place].length > 0 && tokens[place] === '') continue
      const answers = await shards.searchAt({ ...request, pageToken: tokens[place] }, place)
      pages[place].push(answers)
      next[place] = answers.nextPageToken
    }
    tokens = next
    if (tokens.every((token) => token === '')) return pages
    await between()
  }
}

function idsOfAll(pages: readonly Answer[]): string[] {
  return idsOf({ results: ranked(pages.flatMap(({ results }) => results)) })
}

for (const metric of ['cosine', 'dot', 'l2'] as const) {
  test(`Pages and offsets are pieces of the whole, by ${metric}.`, async () => {
    const { random, replay } = testRandom()
    const points = randomPoints(random, POINTS)
    const shards = await TwoShardings.create(running, { name: `pages-${metric}`, metric, points })
    for (let round = 0; round < 3; round++) {
      const filter: Json = { must: [{ field: 'n', range: { lt: 50 + random.nextBelow(POINTS) } }] }
      const request = { vector: randomVector(random, DIMENSION), exact: true, filter }
      const whole = await shards.search({ ...request, topK: POINTS })
      assert.equal(whole.nextPageToken, '')
      const topK = 1 + random.nextBelow(60)
      for (const pages of await pagesOf(shards, { ...request, topK })) {
        assert.deepEqual(idsOfAll(pages), idsOf(whole), replay)
        assert.ok(pages.slice(0, -1).every(({ results }) => results.length === topK))
        assert.ok(pages.every(({ completeness }) => completeness.kind === 'exact'))
      }
      const offset = random.nextBelow(POINTS + 20)
      const cut = await shards.search({ ...request, topK, offset })
      assert.deepEqual(cut.results, whole.results.slice(offset, offset + topK), replay)
      assert.equal(cut.matches, whole.matches)
    }
  })

  test(`A threshold keeps what is nearer, by ${metric}.`, async () => {
    const { random, replay } = testRandom()
    const points = randomPoints(random, POINTS)
    const shards = await TwoShardings.create(running, { name: `least-${metric}`, metric, points })
    const request = { vector: randomVector(random, DIMENSION), exact: true }
    const whole = await shards.search({ ...request, topK: POINTS })
    const scoreThreshold = scoresOf(whole)[100] ?? 0
    const cut = await shards.search({ ...request, topK: POINTS, scoreThreshold })
    assert.deepEqual(cut.results, whole.results.slice(0, 100), replay)
    const few = await shards.search({ ...request, topK: 7, offset: 95, scoreThreshold })
    assert.deepEqual(few.results, whole.results.slice(95, 100), replay)
    for (const pages of await pagesOf(shards, { ...request, topK: 30, scoreThreshold })) {
      assert.deepEqual(idsOfAll(pages), idsOf(whole).slice(0, 100), replay)
    }
  })
}

test('Equal scores are neither repeated nor lost.', async () => {
  const { random, replay } = testRandom()
  const places = Array.from({ length: 4 }, () => randomVector(random, DIMENSION))
  const points = randomPoints(random, 120).map((point, n) => ({
    ...point,
    vector: places[n % places.length] ?? [],
  }))
  const shards = await TwoShardings.create(running, { name: 'equal', metric: 'cosine', points })
  const request = { vector: randomVector(random, DIMENSION), exact: true, topK: 7 }
  for (const pages of await pagesOf(shards, request)) {
    const ids = pages.flatMap(idsOf)
    assert.deepEqual([ids.length, new Set(ids).size], [120, 120], replay)
    const scores = pages.flatMap(scoresOf)
    assert.deepEqual(
      scores,
      [...scores].sort((a, b) => b - a),
    )
  }
})

test('Writes between pages neither repeat nor lose a point that stays.', async () => {
  const { random, replay } = testRandom()
  const staying = randomPoints(random, 150, 'stay')
  const leaving = randomPoints(random, 150, 'leave')
  const shards = await TwoShardings.create(running, {
    name: 'moving',
    metric: 'l2',
    points: [...staying, ...leaving],
  })
  let round = 0
  const between = async () => {
    const gone = leaving.splice(0, 9).map(({ id }) => id)
    if (gone.length > 0) await shards.change('deletePoints', { ids: gone })
    await shards.upsert(randomPoints(random, 12, `new${round++}.`))
  }
  const request = { vector: randomVector(random, DIMENSION), exact: true, topK: 20 }
  for (const pages of await pagesOf(shards, request, between)) {
    const ids = pages.flatMap(idsOf)
    assert.equal(new Set(ids).size, ids.length, replay)
    const stayed = ids.filter((id) => id.startsWith('stay'))
    assert.equal(stayed.length, staying.length, replay)
  }
})

test('A token belongs to its search; how many and what to show may change.', async () => {
  const { random } = testRandom()
  const points = randomPoints(random, 30)
  const shards = await TwoShardings.create(running, { name: 'bound', metric: 'dot', points })
  const vector = randomVector(random, DIMENSION)
  const request = { vector, exact: true, topK: 5, pageToken: '' }
  const { nextPageToken } = await shards.searchAt(request, 1)
  const next = { ...request, pageToken: nextPageToken, topK: 9, withPayload: false }
  assert.equal((await shards.searchAt(next, 1)).results.length, 9)
  const others: Fields[] = [
    { vector: randomVector(random, DIMENSION) },
    { filter: { must: [{ field: 'n', match: 1 }] } },
    { scoreThreshold: 0.5 },
    { exact: false },
  ]
  for (const other of others) {
    const said = await shards.refusal({ ...next, ...other })
    assert.deepEqual([said.reason, said.field], ['INVALID_PAGE_TOKEN', 'pageToken'])
  }
})

test('Pages end at the limit, and say so.', async () => {
  const { random } = testRandom()
  const points = Array.from({ length: 10_010 }, (_, n) => ({
    id: `p${n}`,
    vector: [random.nextFloat()],
    payload: {},
  }))
  const shards = await TwoShardings.create(running, { name: 'deep', metric: 'l2', points: [] })
  await shards.upsert(points.slice(0, 5000))
  await shards.upsert(points.slice(5000))
  const request = { vector: [0], exact: true, topK: 4000, withPayload: false, pageToken: '' }
  const first = await shards.searchAt(request, 1)
  const second = await shards.searchAt({ ...request, pageToken: first.nextPageToken }, 1)
  const last = await shards.searchAt({ ...request, pageToken: second.nextPageToken }, 1)
  assert.deepEqual([last.results.length, last.nextPageToken], [2000, ''])
  assert.equal(last.completeness.kind, 'truncated')
  assert.match(last.completeness.truncatedBy[0], /10000th result/)
})
