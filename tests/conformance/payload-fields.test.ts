// Proves over both protocols that a search returns the fields of payloads that it names and no
// others, as they were written, whatever else it asks for.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { vectron } from '@vectron/contracts'
import type { Answer, Json } from './exchanges.ts'
import { startTestVectron, type TestVectron } from './running-vectron.ts'
import { TwoShardings } from './two-shardings.ts'

let running: TestVectron
let shards: TwoShardings

const PAYLOAD = {
  title: 'a',
  author: { name: 'b', born: 1900 },
  tags: [{ word: 'x', weight: 1 }, { word: 'y' }],
  n: 1,
}

before(async () => {
  running = await startTestVectron()
  const points = [
    { id: 'full', vector: [1, 0], payload: PAYLOAD },
    { id: 'bare', vector: [0.5, 1], payload: {} },
  ]
  shards = await TwoShardings.create(running, { name: 'fields', metric: 'l2', points })
})

after(() => running.close())

async function payloadsOf(payloadFields: Json): Promise<Answer[]> {
  const { results } = await shards.search({ vector: [1, 0], exact: true, payloadFields })
  return results.map(({ payload }: Answer) => payload)
}

test('Named fields are returned, by dotted paths.', async () => {
  const cases: [Json, object][] = [
    [{ include: ['title', 'author.name'] }, { title: 'a', author: { name: 'b' } }],
    [{ include: ['tags.word'] }, { tags: [{ word: 'x' }, { word: 'y' }] }],
    [{ exclude: ['tags', 'author.born'] }, { title: 'a', author: { name: 'b' }, n: 1 }],
    [{ include: ['author'], exclude: ['author.name'] }, { author: { born: 1900 } }],
    [{ include: ['nothing'] }, {}],
    [{}, PAYLOAD],
  ]
  for (const [fields, expected] of cases) {
    const [full, bare] = await payloadsOf(fields)
    assert.deepEqual(full, expected)
    assert.deepEqual(bare, {})
  }
})

test('Numbers beyond 2^53 and the order of keys stay as they were written.', async () => {
  const payload = '{"z":12345678901234567890,"a":{"y":1.10,"x":1e2,"w":0},"b":2}'
  const collection = 'fields-many'
  const vector = {
    data: { case: 'f32' as const, value: new Uint8Array(new Float32Array([9, 9]).buffer) },
  }
  await running.channel
    .client(vectron.Points)
    .upsertPoints({ collection, points: [{ id: 'big', vector, payload }] })
  const response = await running.channel.client(vectron.Search).search({
    collection,
    query: { case: 'vector', value: vector },
    topK: 1,
    payloadFields: { exclude: ['a.w', 'b'] },
  })
  assert.equal(response.results[0]?.payload, '{"z":12345678901234567890,"a":{"y":1.10,"x":1e2}}')
})
