// Proves over both protocols that facets count what is there: equal to counting by hand, in one
// shard and in many, with filters; and that an answer which may lack something says so.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { seededRandom, testSeed } from '@vectron/base'
import { BothProtocols } from './both-protocols.ts'
import type { Answer, Json } from './exchanges.ts'
import { startTestVectron, type TestVectron } from './running-vectron.ts'

let running: TestVectron
let vectron: BothProtocols

before(async () => {
  running = await startTestVectron()
  vectron = await BothProtocols.open(running)
})

after(() => running.close())

type Value = string | number | boolean

const RANKS = ['boolean', 'number', 'string']

/** Of the values of each point, in the order of the API. */
function countByHand(lists: readonly (readonly Value[])[], limit: number): Answer[] {
  const counts = new Map<Value, number>()
  for (const value of lists.flatMap((values) => [...new Set(values)])) {
    counts.set(value, (counts.get(value) ?? 0) + 1)
  }
  const compare = (a: Value, b: Value): number => {
    const rank = RANKS.indexOf(typeof a) - RANKS.indexOf(typeof b)
    if (rank !== 0) return rank
    return a < b ? -1 : 1
  }
  return [...counts]
    .sort(([a, n], [b, m]) => m - n || compare(a, b))
    .slice(0, limit)
    .map(([value, count]) => ({ value, count }))
}

for (const shardCount of [1, 4]) {
  test(`Counts equal those by hand, in ${shardCount} shards.`, async () => {
    const seed = testSeed()
    const random = seededRandom(seed)
    const collection = `random-${shardCount}`
    await vectron.change('createCollection', { name: collection, dimension: 2, shardCount })
    const pickValue = (): Value => {
      const words = ['a', 'b', 'é', 'x'.repeat(300)]
      return [
        random.nextBelow(6) - 2,
        random.nextBelow(8) / 4,
        random.nextBelow(2) === 0,
        words[random.nextBelow(words.length)] ?? '',
      ][random.nextBelow(4)] as Value
    }
    const payloads = Array.from({ length: 300 }, () => ({
      group: random.nextBelow(3),
      one: pickValue(),
      many: Array.from({ length: random.nextBelow(4) }, pickValue),
    }))
    const points = payloads.map((payload, n): Json => ({ id: `p${n}`, vector: [1, n], payload }))
    await vectron.change('upsertPoints', { collection, points })
    for (let round = 0; round < 12; round++) {
      const group = random.nextBelow(4)
      const limit = 1 + random.nextBelow(12)
      const field = (['one', 'many', 'group'] as const)[random.nextBelow(3)] ?? 'one'
      const filter = { must: [{ field: 'group', match: group }] }
      const chosen = group === 3 ? payloads : payloads.filter((payload) => payload.group === group)
      const request = {
        collection,
        field,
        limit,
        exact: random.nextBelow(2) === 0,
        consistency: 'strong',
        ...(group === 3 ? {} : { filter }),
      }
      const found = await vectron.ask('facetPoints', request)
      const lists = chosen.map((payload) => [payload[field]].flat())
      const expected = { counts: countByHand(lists, limit), exact: true }
      assert.deepEqual(found, expected, `VECTRON_SEED=${seed} ${JSON.stringify(request)}`)
    }
  })
}

test('With more rare values than are gathered the answer is not called exact, unless all are.', async () => {
  const collection = 'rare'
  await vectron.change('createCollection', { name: collection, dimension: 2, shardCount: 2 })
  // Every value once, in either of two shards: 1,000 are gathered from each.
  const points = Array.from({ length: 3000 }, (_, n): Json => {
    return { id: `p${n}`, vector: [1, n], payload: { rare: n, common: n % 2 } }
  })
  await vectron.change('upsertPoints', { collection, points })
  const facet = (more: { [name: string]: Json }): Promise<Answer> =>
    vectron.ask('facetPoints', { collection, consistency: 'strong', ...more })
  const some = await facet({ field: 'rare', limit: 3 })
  assert.equal(some.exact ?? false, false)
  const all = await facet({ field: 'rare', limit: 3, exact: true })
  assert.deepEqual(
    all.counts,
    [0, 1, 2].map((value) => ({ value, count: 1 })),
  )
  assert.equal(all.exact, true)
  const common = await facet({ field: 'common' })
  assert.deepEqual([common.counts[0].count, common.exact], [1500, true])
})
