// Proves over both protocols that a request sent again under its id changes nothing more and
// answers as it did the first time, that another request under the id is refused, and whose an id
// is.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { LIMITS } from '@vectron/base'
import { BothProtocols } from './both-protocols.ts'
import type { Answer, Json } from './exchanges.ts'
import { createRuledKey, Voice } from './row-rule-matrix.ts'
import { startTestVectron, type TestVectron } from './running-vectron.ts'

let running: TestVectron
let vectron: BothProtocols

before(async () => {
  running = await startTestVectron()
  vectron = await BothProtocols.open(running)
})

after(() => running.close())

const TENANTS = ['acme', 'bolt', 'cargo', 'delta', 'eagle', 'forge']
const SHAPES: Readonly<Record<string, { [name: string]: Json }>> = {
  one: { shardCount: 1 },
  many: { shardCount: 4 },
  partitioned: { shardCount: 4, partitionKey: 'tenant' },
}

async function create(name: string, shape: { [name: string]: Json } = {}): Promise<string> {
  await vectron.change('createCollection', { name, dimension: 2, ...shape })
  return name
}

function pointOf(n: number, more: { [name: string]: Json } = {}): { [name: string]: Json } {
  const tenant = TENANTS[n % TENANTS.length] ?? ''
  return { id: `p${n}`, vector: [1, n], payload: { tenant, n }, ...more }
}

async function countOf(collection: string): Promise<number> {
  return (await vectron.ask('countPoints', { collection, consistency: 'strong' })).count
}

const REUSED = 'IDEMPOTENCY_KEY_REUSED'

for (const [shape, settings] of Object.entries(SHAPES)) {
  test(`An upsert, an update and a delete are done once, in ${shape}.`, async () => {
    const collection = await create(`done-${shape}`, settings)
    const points = Array.from({ length: 40 }, (_, n) => pointOf(n, { ifVersion: 0 }))
    const upsert = { collection, points, requestId: 'upsert' }
    assert.equal((await vectron.change('upsertPoints', upsert)).affected, 40)
    // Both protocols: three times in all.
    assert.equal((await vectron.ask('upsertPoints', upsert, ['sessionToken'])).affected, 40)
    await vectron.change('deletePoints', { collection, ids: ['p0'] })
    assert.equal((await vectron.ask('upsertPoints', upsert, ['sessionToken'])).affected, 40)
    assert.equal(await countOf(collection), 39)

    const { version } = await vectron.ask('getPoint', { collection, id: 'p1' })
    const update = { collection, ids: ['p1'], set: { k: 1 }, ifVersion: version, requestId: 'set' }
    assert.equal((await vectron.change('updatePayload', update)).affected, 1)
    assert.equal((await vectron.ask('updatePayload', update, ['sessionToken'])).affected, 1)
    const changed = await vectron.ask('getPoint', { collection, id: 'p1', consistency: 'strong' })
    const remove = { collection, ids: ['p1'], ifVersion: changed.version, requestId: 'del' }
    assert.equal((await vectron.change('deletePoints', remove)).affected, 1)
    assert.equal((await vectron.ask('deletePoints', remove, ['sessionToken'])).affected, 1)
    assert.equal(await countOf(collection), 38)

    const byFilter = { collection, filter: {}, requestId: 'all' }
    assert.equal((await vectron.change('deletePoints', byFilter)).affected, 38)
    await vectron.change('upsertPoints', { collection, points: [pointOf(7)] })
    assert.equal((await vectron.ask('deletePoints', byFilter, ['sessionToken'])).affected, 38)
    assert.equal(await countOf(collection), 1)
  })

  test(`Another request under an id is refused, whichever shards it is about, in ${shape}.`, async () => {
    const collection = await create(`reused-${shape}`, settings)
    await vectron.change('upsertPoints', { collection, points: [pointOf(0)], requestId: 'k' })
    for (let n = 1; n < 8; n++) {
      const said = await vectron.refusal('upsertPoints', {
        collection,
        points: [pointOf(n)],
        requestId: 'k',
      })
      assert.equal(said.reason, REUSED)
      const other = { collection, ids: [`p${n}`], requestId: 'k' }
      assert.equal((await vectron.refusal('deletePoints', other)).reason, REUSED)
    }
    assert.equal(await countOf(collection), 1)
  })

  test(`A refusal is answered again, in ${shape}.`, async () => {
    const collection = await create(`refused-${shape}`, settings)
    await vectron.change('upsertPoints', { collection, points: [pointOf(0)] })
    const points = [pointOf(0, { ifVersion: 99 })]
    const request = { collection, points, requestId: 'k' }
    const first = await vectron.refusal('upsertPoints', request)
    assert.equal(first.reason, 'VERSION_MISMATCH')
    await vectron.change('deletePoints', { collection, ids: ['p0'] })
    assert.deepEqual(await vectron.refusal('upsertPoints', request), first)
  })
}

test('An id that is too long is refused.', async () => {
  const collection = await create('long')
  const requestId = 'k'.repeat(LIMITS.idempotencyKeyBytesMax + 1)
  const said = await vectron.refusal('deletePoints', { collection, ids: ['x'], requestId })
  assert.deepEqual([said.reason, said.field], ['INVALID_ARGUMENT', 'requestId'])
})

test('Over HTTP the header Idempotency-Key says the same, quoted or not.', async () => {
  const collection = await create('header')
  const send = async (key: string, body: Json): Promise<Answer> => {
    const url = `${running.url}/v1/collections/${collection}/points:upsert`
    const headers = {
      'x-api-key': running.key,
      'content-type': 'application/json',
      'idempotency-key': key,
    }
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
    return response.json()
  }
  const points = [pointOf(1, { ifVersion: 0 })]
  assert.equal((await send('"one"', { points })).affected, 1)
  assert.equal((await send('one', { points })).affected, 1)
  const request = { collection, points, requestId: 'one' }
  assert.equal((await vectron.change('upsertPoints', request)).affected, 1)
  assert.equal((await send('one', { points: [pointOf(2)] })).reason, REUSED)
  const both = await send('one', { points, requestId: 'two' })
  assert.deepEqual([both.reason, both.status], ['INVALID_ARGUMENT', 400])
})

test('Requests of a stream have ids of their own; its header says none.', async () => {
  const collection = await create('streamed')
  const url = `${running.url}/v1/collections/${collection}/points:upsertStream`
  const lines = [
    { points: [pointOf(1)], requestId: 'a' },
    { points: [pointOf(2)] },
    { points: [pointOf(3)], requestId: 'a' },
  ]
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'x-api-key': running.key,
      'content-type': 'application/x-ndjson',
      'idempotency-key': 'of the call',
    },
    body: lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
  })
  const answers = (await response.text()).trimEnd().split('\n')
  const [first, second, third] = answers.map((line): Answer => JSON.parse(line))
  assert.deepEqual([first.affected, second.affected, third.error.reason], [1, 1, REUSED])
})

test('An id is of its collection, and apart for each row rule.', async (t) => {
  const [first, second] = [await create('mine'), await create('others')]
  const owner = await Voice.open(running, 'http', running.key)
  const ruled = await Voice.open(running, 'http', await createRuledKey(owner, 'writer'))
  t.after(() => {
    owner.close()
    ruled.close()
  })
  const mine = (id: string): Json => ({ id, vector: [1, 0], payload: { tenant: 'mine' } })
  const write = async (voice: Voice, collection: string, id: string) => {
    const request = { collection, points: [mine(id)], requestId: 'k' }
    return (await voice.ask('upsertPoints', request)).affected
  }
  assert.equal(await write(owner, first, 'a'), 1)
  assert.equal(await write(owner, second, 'b'), 1)
  assert.equal(await write(ruled, first, 'c'), 1)
  assert.deepEqual([await countOf(first), await countOf(second)], [2, 1])
  const reused = { collection: first, points: [mine('d')], requestId: 'k' }
  assert.equal((await ruled.refusal('upsertPoints', reused)).reason, REUSED)
})
