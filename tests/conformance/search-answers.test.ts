// Proves over both protocols what a search says of its answer: how far it can be relied on, how it
// came about, whether it was remembered, and why a point is not in it. Points that the graph and
// the codes lose are lost for real.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { seededRandom, testSeed } from '@vectron/base'
import { Vectron } from '@vectron/client'
import { BothProtocols } from './both-protocols.ts'
import type { Answer, Json } from './exchanges.ts'
import { startTestVectron, type TestVectron } from './running-vectron.ts'

const SHARDS = 3
const POINTS = 40
/** Enough that the graph is walked, and few enough that one is missed now and then. */
const MANY = 20_000
const MANY_DIMENSION = 24
/** The same of points with long vectors, whose codes are coarse. */
const LONG = 5000
const LONG_DIMENSION = 64

let running: TestVectron
let vectron: BothProtocols
let client: Vectron

before(async () => {
  running = await startTestVectron()
  vectron = await BothProtocols.open(running)
  client = new Vectron({ url: running.url, apiKey: running.key })
  const few = { name: 'few', dimension: 2, metric: 'l2', shardCount: SHARDS }
  await vectron.change('createCollection', few)
  await vectron.change('upsertPoints', {
    collection: 'few',
    points: Array.from({ length: POINTS }, (_, n) => ({
      id: `p${n}`,
      vector: [n, 0],
      payload: { n, parity: n % 2 === 0 ? 'even' : 'odd' },
    })),
  })
})

after(() => running.close())

const passing = ['cache', 'tookUs', 'startUs', 'plans', 'text']

function search(more: { [name: string]: Json } = {}): Promise<Answer> {
  const request = { collection: 'few', vector: [0, 0], topK: 3, ...more }
  return vectron.ask('search', request, passing)
}

test('An answer says whether it is exact.', async () => {
  const answer = await search({ exact: true })
  assert.deepEqual(answer.completeness, { kind: 'exact', truncatedBy: [] })
})

test('An explanation has every stage and every shard, and one text that shows them.', async () => {
  const filter = { must: [{ field: 'parity', match: 'even' }] }
  const { explanation, plans, cache } = await search({ explain: true, exact: true, filter })
  const stages: { name: string }[] = explanation.stages
  const names = stages.map(({ name }) => name)
  for (const name of ['plan', 'resolve', 'fan_out', 'merge']) assert.ok(names.includes(name), name)
  assert.equal(names.filter((name) => name.startsWith('shard ')).length, SHARDS)
  assert.equal(plans.length, SHARDS)
  assert.notEqual(cache?.hit, true)
  const sum = (name: string) =>
    plans.reduce((total: number, plan: Answer) => total + Number(plan[name]), 0)
  assert.equal(sum('matches'), POINTS / 2)
  assert.equal(sum('matchesEstimated'), POINTS / 2)
  assert.equal(sum('distancesComputed'), sum('distancesEstimated'))
  for (const { strategy, distancesEstimated, alternatives } of plans) {
    assert.deepEqual(
      alternatives.map((each: Answer) => each.strategy),
      ['scan', 'filtered_graph'],
    )
    assert.deepEqual([strategy, distancesEstimated], ['scan', alternatives[0].distances])
  }
  const guide = readFileSync(path.join(import.meta.dirname, '../../docs/SEARCH.md'), 'utf8')
  const sample = /```explain\n(.*?)\n```/s.exec(guide)?.[1] ?? ''
  assert.deepEqual(shapeOf(`${explanation.text}`), shapeOf(sample))
})

/** Lines without what differs from run to run: numbers, and the order in which shards answer. */
function shapeOf(text: string): string[] {
  return text
    .replaceAll(/, \d+ scanned behind the graph/g, '')
    .replaceAll(/[\d.]+/g, '#')
    .replaceAll(/ +/g, ' ')
    .split('\n')
    .sort()
}

test('The same search again is remembered, until something is written.', async () => {
  const points = client.collection('few')
  const query = { vector: [5, 0], topK: 2 }
  await points.search(query)
  const again = await points.search(query)
  assert.deepEqual([again.cache.hit, again.results[0]?.id], [true, 'p5'])
  await points.upsert([{ id: 'p5', vector: [5, 0], payload: { n: 5, parity: 'odd', new: true } }])
  const after = await points.search(query)
  assert.deepEqual(after.results[0]?.payload, { n: 5, parity: 'odd', new: true })
  assert.equal((await points.search({ ...query, cache: false })).cache.hit, false)
})

test('A collection that was deleted and made again has nothing of the first.', async () => {
  const collection = { name: 'again', dimension: 1 }
  for (const id of ['first', 'second']) {
    await vectron.change('createCollection', collection)
    await vectron.change('upsertPoints', { collection: 'again', points: [{ id, vector: [1] }] })
    const found = await client.collection('again').search({ vector: [1] })
    assert.deepEqual(
      found.results.map((hit) => hit.id),
      [id],
    )
    await vectron.change('deleteCollection', { collection: 'again' })
  }
})

async function whyNot(id: string, more: { [name: string]: Json } = {}): Promise<Answer> {
  const answer = await vectron.ask(
    'search',
    { collection: 'few', vector: [0, 0], topK: 3, whyNot: id, ...more },
    passing.filter((field) => field !== 'text'),
  )
  return answer.whyNot
}

test('why_not: it is among the results.', async () => {
  const { cause, rank, text } = await whyNot('p1')
  assert.deepEqual([cause, rank, text], ['found', 2, 'It is number 2 of the results.'])
})

test('why_not: there is no such point.', async () => {
  const { cause, text } = await whyNot('nobody')
  assert.equal(cause, 'no_such_point')
  assert.equal(text, 'There is no point "nobody" in the collection "few".')
})

test('why_not: enough others are nearer.', async () => {
  const { cause, rank, score, text } = await whyNot('p36')
  assert.deepEqual([cause, rank, score], ['outranked', 37, 36])
  assert.equal(text, 'It is number 37 of those that match, and topK is 3.')
})

test('why_not: the offset passes over it, or the threshold leaves it out.', async () => {
  const passed = await whyNot('p1', { offset: 2 })
  assert.deepEqual([passed.cause, passed.rank], ['passed_over', 2])
  assert.equal(passed.text, 'It is number 2 of those that match, and offset passes over 2.')
  const far = await whyNot('p1', { scoreThreshold: 1 })
  assert.deepEqual([far.cause, far.rank, far.score], ['too_far', 2, 1])
  assert.equal(far.text, 'Its score 1 is not nearer than scoreThreshold 1.')
  const beyond = await whyNot('p36', { offset: 2 })
  assert.equal(beyond.text, 'It is number 37 of those that match, and offset + topK is 5.')
})

test('why_not: the part of the filter that it does not match is named.', async () => {
  const even = { field: 'parity', match: 'even' }
  const small = { field: 'n', range: { lt: 10 } }
  const cases = [
    [{ must: [small, even] }, 'filter.must[1] (field "parity")'],
    [{ must: [small], mustNot: [even, { field: 'n', match: 1 }] }, 'filter.mustNot[1] (field "n")'],
    [{ must: [small], should: [even, { field: 'n', match: 8 }] }, 'any part of filter.should'],
  ] as const
  for (const [filter, clause] of cases) {
    const told = await whyNot('p1', { filter: filter as unknown as Json })
    assert.deepEqual([told.cause, told.clause], ['filtered', clause])
  }
})

test('why_not: the point that the search is for is left out.', async () => {
  const answer = await vectron.ask(
    'search',
    { collection: 'few', id: 'p3', topK: 3, whyNot: 'p3' },
    passing,
  )
  assert.equal(answer.whyNot.cause, 'asked_by_it')
})

/** A collection whose points are all in its graph. */
async function linkedCollection(
  settings: {
    readonly name: string
    readonly metric: 'cosine' | 'dot'
    readonly dimension: number
  },
  count: number,
  vectorOf: (n: number) => number[],
) {
  await client.createCollection(settings)
  const points = client.collection(settings.name)
  for (let from = 0; from < count; from += 2000) {
    const numbers = Array.from({ length: Math.min(2000, count - from) }, (_, at) => from + at)
    await points.upsert(numbers.map((n) => ({ id: `p${n}`, vector: vectorOf(n) })))
  }
  for (;;) {
    const { indexedCount } = await points.info()
    if (indexedCount === count) return points
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/**
 * Why the first result of the exact answer that the other one lacks is not in it; undefined when it
 * lacks none. Checks that what is told to help does.
 */
async function whyMissed(
  collection: string,
  query: { readonly vector: number[]; readonly topK: number; readonly targetRecall: number },
): Promise<Answer> {
  const ask = (more: { [name: string]: Json }) =>
    vectron.ask('search', { collection, ...query, ...more }, [...passing, 'score'])
  const [near, exact] = [await ask({}), await ask({ exact: true })]
  const idsOf = ({ results }: Answer): string[] => results.map(({ id }: Answer) => id)
  const missed = idsOf(exact).findIndex((id) => !idsOf(near).includes(id))
  if (missed < 0) return undefined
  assert.equal(near.completeness.kind, 'approximate')
  const id = idsOf(exact)[missed] ?? ''
  const { whyNot: told } = await vectron.ask(
    'search',
    { collection, ...query, whyNot: id },
    passing.filter((field) => field !== 'text'),
  )
  assert.deepEqual([told.id, told.rank, told.width], [id, missed + 1, query.topK])
  if (told.widthSufficient > 0) {
    assert.ok(told.widthSufficient > told.width)
    const found = idsOf(await ask({ width: told.widthSufficient }))
    assert.ok(found.includes(id), JSON.stringify(told))
    assert.equal(found.length, query.topK)
  }
  return told
}

test('why_not: the walk in the graph never met it, and a wider one does.', async (t) => {
  const seed = testSeed()
  t.diagnostic(`replay: VECTRON_SEED=${seed}`)
  const random = seededRandom(seed)
  const randomVector = () => Array.from({ length: MANY_DIMENSION }, () => random.nextFloat() - 0.5)
  const many = { name: 'many', metric: 'cosine', dimension: MANY_DIMENSION } as const
  await linkedCollection(many, MANY, randomVector)
  for (let tries = 0; ; tries++) {
    assert.ok(tries < 200, 'no search has missed a point')
    const query = { vector: randomVector(), topK: 50, targetRecall: 0.8 }
    const told = await whyMissed('many', query)
    if (told?.cause !== 'not_reached') continue
    assert.ok(told.widthSufficient > 0)
    assert.match(told.text, /but the walk in the graph never met it\. The width was 50; \d+ finds/)
    break
  }
})

test('why_not: its code misleads, and a width that reaches its place by code finds it.', async (t) => {
  const seed = testSeed()
  t.diagnostic(`replay: VECTRON_SEED=${seed}`)
  const random = seededRandom(seed)
  const even = (size: number) => (random.nextFloat() - 0.5) * size
  // A few are long across the axis that the searches look along: their codes are a hundred times
  // as coarse there as those of the others.
  const vectorOf = (n: number) =>
    Array.from({ length: LONG_DIMENSION }, (_, at) =>
      at === 0 ? random.nextFloat() : even(n % 50 === 0 ? 40 : 0.2),
    )
  const long = { name: 'long', metric: 'dot', dimension: LONG_DIMENSION } as const
  await linkedCollection(long, LONG, vectorOf)
  for (let tries = 0; ; tries++) {
    assert.ok(tries < 300, 'no code has misled')
    const vector = Array.from({ length: LONG_DIMENSION }, (_, at) => (at === 0 ? 1 : even(0.01)))
    const told = await whyMissed('long', { vector, topK: 10, targetRecall: 0.8 })
    if (told?.cause !== 'lost_by_codes') continue
    assert.ok(told.codedRank > told.rescored, JSON.stringify(told))
    assert.ok(told.widthSufficient >= told.codedRank, JSON.stringify(told))
    assert.match(told.text, /by codes it is number \d+ of its shard, and \d+ were compared by/)
    assert.match(told.text, /The width was 10; \d+ finds it, and so does exact\.$/)
    break
  }
})
