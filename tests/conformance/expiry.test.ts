// Proves over both protocols that a point is gone for every read and write when its time has come,
// also for searches that were answered before, and that it can be given more time until then.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sleep, systemClock } from '@vectron/base'
import { BothProtocols } from './both-protocols.ts'
import type { Answer, Json } from './exchanges.ts'
import { startTestVectron, type TestVectron } from './running-vectron.ts'

const PAST = '2001-01-01T00:00:00Z'
const FUTURE = '2999-12-31T23:59:59.250+01:00'

let running: TestVectron
let vectron: BothProtocols

before(async () => {
  running = await startTestVectron()
  vectron = await BothProtocols.open(running)
})

after(() => running.close())

const SHAPES: Readonly<Record<string, { [name: string]: Json }>> = {
  one: { shardCount: 1 },
  many: { shardCount: 4 },
}

function pointOf(id: string, more: { [name: string]: Json } = {}): Json {
  return { id, vector: [1, 0], payload: { n: 1 }, ...more }
}

/** The ids that every kind of read finds, one after the other. */
async function found(collection: string): Promise<string[][]> {
  const strong = { collection, consistency: 'strong' }
  const passing = ['cache', 'tookUs']
  const filter = { must: [{ field: 'n', range: { gte: 0 } }] }
  const ids = ['a', 'b', 'c', 'd']
  const near = { ...strong, vector: [1, 0], topK: 10 }
  const reads: Answer[] = [
    await vectron.ask('batchGetPoints', { ...strong, ids }),
    await vectron.ask('scrollPoints', strong),
    await vectron.ask('scrollPoints', { ...strong, filter }),
    await vectron.ask('search', near, passing),
    await vectron.ask('search', { ...near, exact: true, filter }, passing),
  ]
  const counts = [
    await vectron.ask('countPoints', strong),
    await vectron.ask('countPoints', { ...strong, filter }),
  ]
  const lists = reads.map(({ points, results }) =>
    (points ?? results).map(({ id }: Answer) => id).sort(),
  )
  for (const { count } of counts) assert.equal(count, lists[0].length)
  return lists
}

function all(...ids: string[]): string[][] {
  return Array.from({ length: 5 }, () => ids)
}

for (const [shape, settings] of Object.entries(SHAPES)) {
  test(`An expired point is found by no read and by no write, in ${shape}.`, async () => {
    const collection = `gone-${shape}`
    await vectron.change('createCollection', { name: collection, dimension: 2, ...settings })
    const points = [
      pointOf('a'),
      pointOf('b', { expireTime: PAST }),
      pointOf('c', { expireTime: FUTURE }),
    ]
    await vectron.change('upsertPoints', { collection, points })
    assert.deepEqual(await found(collection), all('a', 'c'))
    const missing = await vectron.refusal('getPoint', { collection, id: 'b' })
    assert.equal(missing.reason, 'POINT_NOT_FOUND')
    const told = await vectron.ask('batchGetPoints', { collection, ids: ['a', 'c'] })
    const times = told.points.map(({ expireTime }: Answer) => expireTime)
    assert.deepEqual(times, [undefined, '2999-12-31T22:59:59.250Z'])
    const near = { collection, vector: [1, 0], consistency: 'strong' }
    const { results } = await vectron.ask('search', near, ['cache', 'tookUs'])
    const scored = results.map(({ id, expireTime }: Answer) => `${id} ${expireTime}`).sort()
    assert.deepEqual(scored, ['a undefined', 'c 2999-12-31T22:59:59.250Z'])

    const write = async (operation: string, request: { [name: string]: Json }) =>
      (await vectron.change(operation, { collection, ...request })).affected
    assert.equal(await write('updatePayload', { ids: ['b'], set: { n: 2 } }), 0)
    assert.equal(await write('updatePayload', { ids: ['b'], expireTime: FUTURE }), 0)
    assert.equal(await write('deletePoints', { ids: ['b'] }), 0)
    const again = [pointOf('b', { ifVersion: 0 })]
    assert.equal(await write('upsertPoints', { points: again }), 1)
    assert.deepEqual(await found(collection), all('a', 'b', 'c'))

    assert.equal(await write('updatePayload', { ids: ['a', 'c'], expireTime: PAST }), 2)
    assert.deepEqual(await found(collection), all('b'))
  })
}

test('What is no time after 1970 in the form of RFC 3339 is refused.', async () => {
  const collection = 'wrong'
  await vectron.change('createCollection', { name: collection, dimension: 2 })
  for (const expireTime of [
    'tomorrow',
    '2026-12-31',
    '2026-12-31T00:00:00',
    '1969-12-31T23:59:59Z',
  ]) {
    const points = [pointOf('a', { expireTime })]
    const said = await vectron.refusal('upsertPoints', { collection, points })
    assert.deepEqual([said.reason, said.field], ['INVALID_ARGUMENT', 'points[0].expireTime'])
    const change = { collection, ids: ['a'], expireTime }
    const { reason, field } = await vectron.refusal('updatePayload', change)
    assert.deepEqual([reason, field], ['INVALID_ARGUMENT', 'expireTime'])
  }
})

test('A point goes when its time comes, also from answers that are kept, unless it gets more.', async () => {
  const collection = 'soon'
  await vectron.change('createCollection', { name: collection, dimension: 2 })
  const expireTime = new Date(systemClock.nowMs() + 1500).toISOString()
  const points = ['a', 'b', 'c'].map((id) => pointOf(id, { expireTime }))
  await vectron.change('upsertPoints', { collection, points: [...points, pointOf('d')] })
  const change = { collection, ids: ['b'], expireTime: FUTURE }
  assert.equal((await vectron.change('updatePayload', change)).affected, 1)
  const clear = { collection, ids: ['c'], expireTime: '' }
  assert.equal((await vectron.change('updatePayload', clear)).affected, 1)
  const search = async (): Promise<string[]> => {
    const { results } = await vectron.change('search', { collection, vector: [1, 0], topK: 10 })
    return results.map(({ id }: Answer) => id).sort()
  }
  while ((await search()).includes('a')) await sleep(systemClock, 50)
  assert.ok(systemClock.nowMs() >= Date.parse(expireTime))
  assert.deepEqual(await search(), ['b', 'c', 'd'])
  assert.deepEqual(await found(collection), all('b', 'c', 'd'))
  const kept = await vectron.ask('batchGetPoints', { collection, ids: ['b', 'c'] })
  const [later, never] = kept.points.map((point: Answer) => point.expireTime)
  assert.deepEqual([later, never], ['2999-12-31T22:59:59.250Z', undefined])
})

test('Expired points are freed: their room is given back.', async () => {
  const collection = 'freed'
  await vectron.change('createCollection', { name: collection, dimension: 2 })
  const points = Array.from({ length: 2500 }, (_, n) => pointOf(`p${n}`, { expireTime: PAST }))
  await vectron.change('upsertPoints', { collection, points })
  // The indexes of payload fields have them until a command frees them.
  const fields = async (): Promise<Answer[]> =>
    (await vectron.change('getCollectionStats', { collection })).fields ?? []
  while ((await fields()).length > 0) await sleep(systemClock, 50)
  const update = { collection, filter: {}, set: { n: 2 } }
  assert.equal((await vectron.change('updatePayload', update)).affected, 0)
  assert.deepEqual(await found(collection), all())
})
