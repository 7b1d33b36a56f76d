// Proves over both protocols that a write may name the version that a point has, that such writes
// are compare-and-set also when many race, and that the points of one shard are written all or
// none.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { BothProtocols } from './both-protocols.ts'
import type { Answer, Json } from './exchanges.ts'
import { startTestVectron, type TestVectron } from './running-vectron.ts'

const SHARDS = 4

let running: TestVectron
let vectron: BothProtocols

before(async () => {
  running = await startTestVectron()
  vectron = await BothProtocols.open(running)
})

after(() => running.close())

function pointOf(id: string, n: number, more: { [name: string]: Json } = {}): Json {
  return { id, vector: [Math.cos(n), Math.sin(n)], payload: { n }, ...more }
}

async function upsert(collection: string, ...points: Json[]): Promise<Answer> {
  return vectron.change('upsertPoints', { collection, points })
}

async function get(collection: string, id: string): Promise<Answer> {
  return vectron.ask('getPoint', { collection, id, consistency: 'strong' })
}

test('Every read tells the version of a point, and each change gives another one.', async () => {
  const collection = 'told'
  await vectron.change('createCollection', { name: collection, dimension: 2 })
  await upsert(collection, pointOf('a', 1), pointOf('b', 2))
  const { version } = await get(collection, 'a')
  const told = async () => {
    const strong = { collection, consistency: 'strong' }
    const request = { ...strong, ids: ['a'], withPayload: false }
    const many = await vectron.ask('batchGetPoints', request)
    const page = await vectron.ask('scrollPoints', { ...strong, withPayload: false })
    const near = { ...strong, vector: [1, 0], topK: 2 }
    const found = await vectron.ask('search', near, ['cache', 'tookUs'])
    const bare = await vectron.ask('search', { ...near, withPayload: false }, ['cache', 'tookUs'])
    assert.ok(bare.results.every((each: Answer) => each.version === undefined))
    return [many.points, page.points, found.results].map(
      (points) => points.find(({ id }: Answer) => id === 'a').version,
    )
  }
  assert.deepEqual(await told(), [version, version, version])
  const change = { collection, ids: ['a'], set: { n: 3 } }
  await vectron.change('updatePayload', change)
  const updated = (await get(collection, 'a')).version
  assert.ok(updated > version)
  assert.deepEqual(await told(), [updated, updated, updated])
  await upsert(collection, pointOf('a', 1))
  assert.ok((await get(collection, 'a')).version > updated)
})

test('A write of another version is refused with id, wanted and actual version.', async () => {
  const collection = 'refused'
  await vectron.change('createCollection', { name: collection, dimension: 2 })
  await upsert(collection, pointOf('a', 1))
  const { version } = await get(collection, 'a')
  const refusals: [string, Json, RegExp][] = [
    ['upsertPoints', { points: [pointOf('a', 2, { ifVersion: 0 })] }, /must be no such point/],
    [
      'upsertPoints',
      { points: [pointOf('b', 2, { ifVersion: 9 })] },
      /version 9, but there is none/,
    ],
    ['updatePayload', { ids: ['a'], set: {}, ifVersion: 999 }, /version 999, but it has version/],
    ['deletePoints', { ids: ['a'], ifVersion: 999 }, /version 999, but it has version/],
  ]
  for (const [operation, request, says] of refusals) {
    const body = { collection, ...(request as object) }
    const said = await vectron.refusal(operation, body)
    assert.equal(said.reason, 'VERSION_MISMATCH')
    assert.match(said.message, says)
    assert.match(said.message, /"[ab]"/)
  }
  assert.equal((await get(collection, 'a')).version, version)
  await vectron.change('updatePayload', { collection, ids: ['a'], set: {}, ifVersion: version })
  const after = (await get(collection, 'a')).version
  await vectron.change('deletePoints', { collection, ids: ['a'], ifVersion: after })
  await upsert(collection, pointOf('a', 1, { ifVersion: 0 }))
})

test('Of writers that race for the same version exactly one wins each time.', async () => {
  const collection = 'raced'
  await vectron.change('createCollection', { name: collection, dimension: 2 })
  await upsert(collection, pointOf('counter', 0))
  const rounds = 10
  const add = async (): Promise<void> => {
    for (let done = 0; done < rounds; ) {
      const read = { collection, id: 'counter', consistency: 'strong' }
      const { version, payload } = await vectron.change('getPoint', read)
      const point = pointOf('counter', payload.n + 1, { ifVersion: version })
      const written = await fetch(`${running.url}/v1/collections/${collection}/points:upsert`, {
        method: 'POST',
        headers: { 'x-api-key': running.key, 'content-type': 'application/json' },
        body: JSON.stringify({ points: [point] }),
      })
      if (written.ok) done++
      else assert.equal(((await written.json()) as Answer).reason, 'VERSION_MISMATCH')
    }
  }
  await Promise.all([add(), add(), add()])
  assert.equal((await get(collection, 'counter')).payload.n, 3 * rounds)
})

test('The points of one shard are written all or none; the error names other shards.', async () => {
  const collection = 'sharded'
  await vectron.change('createCollection', { name: collection, dimension: 2, shardCount: SHARDS })
  await upsert(collection, pointOf('taken', 1))
  const ids = Array.from({ length: 200 }, (_, n) => `p${n}`)
  const points = [...ids.map((id, n) => pointOf(id, n)), pointOf('taken', 2, { ifVersion: 0 })]
  const said = await vectron.refusal('upsertPoints', { collection, points })
  assert.equal(said.reason, 'VERSION_MISMATCH')
  const named = /written by other shards meanwhile: ([\d, ]+)/.exec(said.message)
  assert.equal(named?.[1]?.split(', ').length, SHARDS - 1)
  const found = await vectron.ask('batchGetPoints', { collection, ids, consistency: 'strong' })
  const { shards } = await vectron.ask('getCollectionStats', { collection }, [
    'bytes',
    'durableIndex',
    'indexedCount',
    'memoryBytes',
    'appliedIndex',
  ])
  const counts = shards.map(({ pointsCount }: Answer) => pointsCount ?? 0)
  // The refusing shard has its one point, and none of its part of the two hundred.
  assert.equal(counts.filter((count: number) => count === 1).length, 1)
  assert.equal(found.points.length, counts.reduce((sum: number, count: number) => sum + count) - 1)
  assert.ok(found.missing.length > 0 && found.points.length > 0)
})

test('With a partition key a version is that of the partition, and moves nothing.', async () => {
  const collection = 'parted'
  await vectron.change('createCollection', {
    name: collection,
    dimension: 2,
    shardCount: SHARDS,
    partitionKey: 'tenant',
  })
  const of = (tenant: string, more: { [name: string]: Json } = {}): Json => {
    return { id: 'a', vector: [1, 0], payload: { tenant }, ...more }
  }
  await upsert(collection, of('acme', { ifVersion: 0 }))
  const { version } = await get(collection, 'a')
  const refusal = async (tenant: string, ifVersion: number) => {
    const points = [of(tenant, { ifVersion })]
    const said = await vectron.refusal('upsertPoints', { collection, points })
    assert.equal(said.reason, 'VERSION_MISMATCH', tenant)
    return said.message
  }
  let elsewhere = 0
  for (const tenant of ['bolt', 'cargo', 'delta', 'eagle', 'forge', 'globe', 'acme']) {
    // Partitions may share a shard; then the point is there.
    if (!/in another one/.test(await refusal(tenant, 0))) continue
    elsewhere++
    assert.match(await refusal(tenant, version), /in the partition of its new payload/)
  }
  assert.ok(elsewhere > 0)
  const stale = { collection, ids: ['a'], ifVersion: version + 1000 }
  assert.equal((await vectron.refusal('deletePoints', stale)).reason, 'VERSION_MISMATCH')
  const change = { collection, ids: ['a'], set: { n: 1 }, ifVersion: version }
  assert.equal((await vectron.change('updatePayload', change)).affected, 1)
  const now = (await get(collection, 'a')).version
  const gone = await vectron.change('deletePoints', { collection, ids: ['a'], ifVersion: now })
  assert.equal(gone.affected, 1)
  const none = { collection, ids: ['a'], ifVersion: now }
  const absent = await vectron.refusal('deletePoints', none)
  assert.match(absent.message, /"a": .*there is none/)
})
