// Proves that the SDK asks for pages, groups, examples and fusion as the server understands them.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Collection, Vectron } from '@vectron/client'
import { startTestVectron, type TestVectron } from './running-vectron.ts'

interface Payload extends Record<string, unknown> {
  readonly n: number
  readonly kind: string
}

let running: TestVectron
let points: Collection<Payload>

before(async () => {
  running = await startTestVectron()
  const client = new Vectron({ url: running.url, apiKey: running.key })
  await client.createCollection({ name: 'sdk', dimension: 1, metric: 'l2', shardCount: 3 })
  points = client.collection<Payload>('sdk')
  const kinds = ['a', 'b', 'c']
  const all = Array.from({ length: 25 }, (_, n) => ({
    id: `p${n}`,
    vector: [n],
    payload: { n, kind: kinds[n % kinds.length] ?? '' },
  }))
  await points.upsert(all)
})

after(() => running.close())

function numbersOf(results: readonly { readonly payload?: Partial<Payload> }[]): unknown[] {
  return results.map(({ payload }) => payload?.n)
}

test('Pages come one after the other until all is told.', async () => {
  const seen: unknown[] = []
  let pages = 0
  for await (const page of points.searchPages({ vector: [0], topK: 10, exact: true })) {
    seen.push(...numbersOf(page.results))
    pages++
  }
  assert.equal(pages, 3)
  assert.deepEqual(
    seen,
    Array.from({ length: 25 }, (_, n) => n),
  )
})

test('Examples may be ids and vectors, and fields of payloads are chosen.', async () => {
  const { results } = await points.search({
    recommend: { positive: [{ id: 'p4' }, { vector: Float32Array.of(6) }] },
    payloadFields: { include: ['n'] },
    topK: 2,
    exact: true,
  })
  assert.deepEqual(
    results.map(({ payload }) => payload),
    [{ n: 5 }, { n: 6 }],
  )
})

test('Legs are fused, each with its own query and filter.', async () => {
  const { results, legs } = await points.search({
    fused: {
      legs: [
        { vector: [10], filter: { must: [{ field: 'kind', match: 'a' }] }, topK: 3 },
        { recommend: { positive: [{ id: 'p9' }, { id: 'p11' }] }, weight: 2, topK: 3 },
      ],
      method: 'scores',
    },
    exact: true,
  })
  assert.equal(results[0]?.id, 'p10')
  assert.deepEqual(
    legs.map(({ kind }) => kind),
    ['exact', 'exact'],
  )
})

test('Groups bring their points, with vectors where they are wanted.', async () => {
  const { groups } = await points.search({
    vector: [0],
    groupBy: { field: 'kind', groupSize: 2 },
    withVector: true,
    exact: true,
  })
  assert.deepEqual(
    groups.map(({ value, results }) => [value, ...numbersOf(results)]),
    [
      ['a', 0, 3],
      ['b', 1, 4],
      ['c', 2, 5],
    ],
  )
  assert.deepEqual(groups[1]?.results[1]?.vector, Float32Array.of(4))
})
