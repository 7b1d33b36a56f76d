// Proves that for a key with a row rule there are only the points that match it: every operation on
// data, over both protocols, in collections of one shard, of many, and with a partition key.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { vectron } from '@vectron/contracts'
import {
  CASES,
  createRuledKey,
  outsideOf,
  PROTOCOLS,
  REFUSED,
  type Ruled,
  restore,
  Voice,
} from './row-rule-matrix.ts'
import { startTestVectron, type TestVectron } from './running-vectron.ts'

const SHAPES = {
  one: { shardCount: 1 },
  many: { shardCount: 5 },
  declared: { shardCount: 2, payloadSchema: { tenant: 'keyword', n: 'integer' } },
  partitioned: { shardCount: 4, partitionKey: 'tenant' },
}

let running: TestVectron

before(async () => {
  running = await startTestVectron()
})

after(() => running.close())

test('every method on data and collections has a case', () => {
  const services = [vectron.Points, vectron.Search, vectron.Collections]
  const methods = services.flatMap(({ methods }) => methods.map(({ localName }) => localName))
  assert.deepEqual([...Object.keys(CASES), ...Object.keys(REFUSED)].sort(), methods.sort())
})

for (const protocol of PROTOCOLS) {
  test(`A key with a row rule, over ${protocol}.`, async (t) => {
    const owner = await Voice.open(running, protocol, running.key)
    const ruled = await Voice.open(running, protocol, await createRuledKey(owner, 'writer'))
    const admin = await Voice.open(running, protocol, await createRuledKey(owner, 'admin'))
    t.after(() => closeAll([owner, ruled, admin]))
    for (const [shape, request] of Object.entries(SHAPES)) {
      const collection = `${shape}-${protocol}`
      await owner.ask('createCollection', { name: collection, dimension: 2, ...request })
      const isPartitioned = shape === 'partitioned'
      const on: Ruled = { collection, isPartitioned, owner, ruled }
      for (const [operation, prove] of Object.entries(CASES)) {
        await t.test(`${operation} in ${shape}`, async () => {
          await restore(on)
          const before = await outsideOf(on)
          await prove(on)
          assert.deepEqual(await outsideOf(on), before)
        })
      }
      for (const [operation, requestOf] of Object.entries(REFUSED)) {
        await t.test(`${operation} in ${shape} is refused`, async () => {
          const { reason } = await admin.refusal(operation, requestOf(collection))
          assert.equal(reason, 'FORBIDDEN')
        })
      }
    }
  })
}

test('A rule that does not fit a collection lets nothing through, and the list still answers.', async (t) => {
  const owner = await Voice.open(running, 'http', running.key)
  const ruled = await Voice.open(running, 'http', await createRuledKey(owner, 'writer'))
  t.after(() => closeAll([owner, ruled]))
  const collection = 'misfit'
  const payloadSchema = { tenant: 'integer' }
  await owner.ask('createCollection', { name: collection, dimension: 2, payloadSchema })
  const point = { id: 'p', vector: [1, 0], payload: { tenant: 1 } }
  await owner.ask('upsertPoints', { collection, points: [point] })
  for (const [operation, request] of [
    ['getPoint', { id: 'p' }],
    ['countPoints', {}],
    ['search', { vector: [1, 0] }],
    ['upsertPoints', { points: [point] }],
    ['deletePoints', { ids: ['p'] }],
  ] as const) {
    const refused = await ruled.refusal(operation, { collection, ...request } as never)
    assert.equal(refused.reason, 'FORBIDDEN', operation)
    assert.match(refused.message, /row rule does not fit the collection/)
  }
  const { pointsCount } = await ruled.ask('getCollection', { collection })
  assert.equal(pointsCount ?? 0, 0)
})

function closeAll(voices: readonly Voice[]): void {
  for (const voice of voices) voice.close()
}
