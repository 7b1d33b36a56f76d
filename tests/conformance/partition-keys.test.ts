// Proves over both protocols what a partition key promises: one shard for requests that name the
// value, ids that stay unique, and clear refusals.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { seededRandom, testSeed } from '@vectron/base'
import { BothProtocols } from './both-protocols.ts'
import type { Answer, Json } from './exchanges.ts'
import { startTestVectron, type TestVectron } from './running-vectron.ts'

const SHARDS = 5
const TENANTS = ['acme', 'bolt', 'cargo', 'delta', 'eagle', 'forge', 'globe']

let running: TestVectron
let vectron: BothProtocols

before(async () => {
  running = await startTestVectron()
  vectron = await BothProtocols.open(running)
})

after(() => running.close())

interface TestPoint {
  readonly id: string
  readonly tenant: string
  readonly n: number
}

function vectorOf(n: number): number[] {
  return [Math.cos(n), Math.sin(n), (n % 7) / 7]
}

function inputOf({ id, tenant, n }: TestPoint): Json {
  return { id, vector: vectorOf(n), payload: { tenant, n } }
}

async function create(name: string, more: { [name: string]: Json } = {}): Promise<Answer> {
  return vectron.change('createCollection', {
    name,
    dimension: 3,
    shardCount: SHARDS,
    partitionKey: 'tenant',
    ...more,
  })
}

function upsert(collection: string, points: readonly TestPoint[]): Promise<Answer> {
  return vectron.change('upsertPoints', { collection, points: points.map(inputOf) })
}

function ofTenant(tenant: string): Json {
  return { must: [{ field: 'tenant', match: tenant }] }
}

/** Versions are those of a shard. */
function bare(points: readonly Answer[]): Answer[] {
  return points.map(({ version: _, ...point }) => point)
}

const searchPasses = ['cache', 'tookUs', 'warnings']

test('The key is declared with the collection, told with it, and checked.', async () => {
  const made = await create('declared')
  assert.deepEqual([made.partitionKey, made.payloadSchema], ['tenant', { tenant: 'keyword' }])
  const told = await vectron.ask('getCollection', { collection: 'declared' })
  assert.equal(told.partitionKey, 'tenant')
  const refusals = [
    { partitionKey: 'price', payloadSchema: { price: 'float' } },
    { partitionKey: 'author.name' },
  ]
  for (const wrong of refusals) {
    const said = await vectron.refusal('createCollection', { name: 'no', dimension: 3, ...wrong })
    assert.deepEqual([said.reason, said.field], ['INVALID_ARGUMENT', 'partitionKey'])
  }
})

test('A point without the key, or with another type, is refused by the field.', async () => {
  await create('checked')
  const point = (payload: Json) => ({ id: 'x', vector: [1, 0, 0], payload })
  const refused = (payload: Json) =>
    vectron.refusal('upsertPoints', {
      collection: 'checked',
      points: [point({ tenant: 'a' }), point(payload)],
    })
  const missing = await refused({ n: 1 })
  assert.deepEqual([missing.reason, missing.field], ['MISSING_FIELD', 'points[1].payload.tenant'])
  assert.match(missing.message, /partitioned by it/)
  const wrong = await refused({ tenant: ['a', 'b'] })
  assert.deepEqual(
    [wrong.reason, wrong.field],
    ['PAYLOAD_TYPE_MISMATCH', 'points[1].payload.tenant'],
  )
})

test('A request that names the value asks its shard alone, and is complete.', async () => {
  await create('pinned')
  const points = Array.from({ length: 140 }, (_, n) => ({
    id: `p${n}`,
    tenant: TENANTS[n % TENANTS.length] ?? '',
    n,
  }))
  await upsert('pinned', points)
  const { shards } = await vectron.ask('getCollectionStats', { collection: 'pinned' }, [
    'bytes',
    'durableIndex',
    'indexedCount',
    'memoryBytes',
  ])
  const filled = shards.filter(({ pointsCount }: Answer) => pointsCount > 0)
  assert.ok(filled.length > 1, 'tenants lie in several shards')

  for (const tenant of TENANTS) {
    const request = { collection: 'pinned', vector: vectorOf(3), topK: 100, exact: true }
    const all = await vectron.ask('search', request, searchPasses)
    const filter = ofTenant(tenant)
    const own = await vectron.ask('search', { ...request, filter }, searchPasses)
    assert.deepEqual([all.shardsTotal, all.complete], [SHARDS, true])
    assert.deepEqual([own.shardsTotal, own.shardsAnswered, own.complete], [1, 1, true])
    assert.deepEqual([own.results.length, own.matches], [20, 20])
    assert.ok(own.results.every(({ payload }: Answer) => payload.tenant === tenant))
    const counted = await vectron.ask('countPoints', { collection: 'pinned', filter })
    assert.equal(counted.count, 20)
    const page = await vectron.ask('scrollPoints', { collection: 'pinned', filter, pageSize: 50 })
    assert.equal(page.points.length, 20)
  }
})

test('Searches of one batch go each to its own shards, and are answered in order.', async () => {
  const searches = [...TENANTS.map((tenant) => ofTenant(tenant)), { must: [] }].map((filter) => ({
    vector: vectorOf(5),
    topK: 3,
    exact: true,
    filter,
  }))
  const batch = await vectron.ask('batchSearch', { collection: 'pinned', searches }, searchPasses)
  for (const [index, search] of searches.entries()) {
    const alone = await vectron.ask('search', { collection: 'pinned', ...search }, searchPasses)
    const { results, shardsTotal } = batch.responses[index]
    assert.deepEqual([results, shardsTotal], [alone.results, alone.shardsTotal])
  }
})

test('A field that only other shards know is no misspelt one.', async () => {
  await create('fields')
  await upsert('fields', [
    { id: 'a', tenant: 'acme', n: 1 },
    { id: 'b', tenant: 'bolt', n: 2 },
  ])
  await vectron.change('updatePayload', { collection: 'fields', ids: ['a'], set: { only: 1 } })
  for (const tenant of TENANTS) {
    const filter = {
      must: [
        { field: 'tenant', match: tenant },
        { field: 'only', match: 1 },
      ],
    }
    const { count } = await vectron.ask('countPoints', { collection: 'fields', filter })
    assert.equal(count, tenant === 'acme' ? 1 : 0)
  }
  const filter = {
    must: [
      { field: 'tenant', match: 'acme' },
      { field: 'onyl', match: 1 },
    ],
  }
  const said = await vectron.refusal('countPoints', { collection: 'fields', filter })
  assert.equal(said.reason, 'UNKNOWN_FILTER_FIELD')
})

test('A payload update cannot move a point, and one that replaces keeps the key.', async () => {
  await create('updates')
  await upsert('updates', [{ id: 'a', tenant: 'acme', n: 1 }])
  const update = (more: { [name: string]: Json }) => ({
    collection: 'updates',
    ids: ['a'],
    ...more,
  })
  for (const wrong of [{ set: { tenant: 'bolt' } }, { remove: ['tenant'] }]) {
    assert.equal((await vectron.refusal('updatePayload', update(wrong))).reason, 'INVALID_ARGUMENT')
  }
  const lost = await vectron.refusal('updatePayload', update({ set: { n: 2 }, replace: true }))
  assert.deepEqual([lost.reason, lost.field], ['MISSING_FIELD', 'set.tenant'])
  const kept = await vectron.change(
    'updatePayload',
    update({ set: { tenant: 'acme', k: 1 }, replace: true }),
  )
  assert.equal(kept.affected, 1)
  const found = await vectron.ask('getPoint', { collection: 'updates', id: 'a' })
  assert.deepEqual(found.payload, { tenant: 'acme', k: 1 })
})

test('Ids stay unique while points change their tenants: the same as one shard by id.', async () => {
  const seed = testSeed()
  const random = seededRandom(seed)
  await create('many')
  await create('one', { shardCount: 1, partitionKey: '', payloadSchema: { tenant: 'keyword' } })
  const both = async (
    operation: string,
    request: { [name: string]: Json },
    pass: string[] = [],
  ) => {
    const many = await vectron.ask(operation, { collection: 'many', ...request }, pass)
    const one = await vectron.ask(operation, { collection: 'one', ...request }, pass)
    return [many, one]
  }
  const idOf = () => `id${random.nextBelow(40)}`
  const tenantOf = () => TENANTS[random.nextBelow(TENANTS.length)] ?? ''
  for (let round = 0; round < 30; round++) {
    const points = Array.from({ length: 1 + random.nextBelow(12) }, () => ({
      id: idOf(),
      tenant: tenantOf(),
      n: random.nextBelow(1000),
    }))
    const [many, one] = await Promise.all([upsert('many', points), upsert('one', points)])
    assert.equal(many.affected, one.affected)
    const selection: { [name: string]: Json } =
      random.nextBelow(2) === 0 ? { ids: [idOf(), idOf()] } : { filter: ofTenant(tenantOf()) }
    for (const [operation, more] of [
      ['updatePayload', { set: { round } }],
      ['deletePoints', {}],
    ] as const) {
      if (random.nextBelow(3) !== 0) continue
      const changed = await Promise.all(
        ['many', 'one'].map((collection) =>
          vectron.change(operation, { collection, ...selection, ...more }),
        ),
      )
      assert.equal(changed[0].affected, changed[1].affected, `VECTRON_SEED=${seed}`)
    }
    const [scrolled, expected] = await both('scrollPoints', { pageSize: 100 })
    assert.deepEqual(bare(scrolled.points), bare(expected.points), `VECTRON_SEED=${seed}`)
    const filter = ofTenant(tenantOf())
    const [counted, expectedCount] = await both('countPoints', { filter })
    assert.deepEqual(counted, expectedCount)
    const ids = [idOf(), idOf()]
    const [got, expectedGot] = await both('batchGetPoints', { ids, withVector: true })
    assert.deepEqual(bare(got.points), bare(expectedGot.points))
    assert.deepEqual(got.missing, expectedGot.missing)
    const search = { vector: vectorOf(round), topK: 5, exact: true, filter }
    const [found, expectedFound] = await both('search', search, searchPasses)
    assert.deepEqual(bare(found.results), bare(expectedFound.results))
  }
})

test('Concurrent writers of one id with different tenants leave at least one copy.', async () => {
  await create('race')
  for (let round = 0; round < 20; round++) {
    const id = `r${round}`
    await Promise.all(TENANTS.map((tenant, n) => upsert('race', [{ id, tenant, n }])))
    const strong = { collection: 'race', id, consistency: 'strong' }
    assert.ok(await vectron.ask('getPoint', strong))
    await upsert('race', [{ id, tenant: 'acme', n: 99 }])
    const filter = { must: [{ hasId: [id] }] }
    const { count } = await vectron.ask('countPoints', { collection: 'race', filter })
    assert.equal(count, 1)
  }
})
