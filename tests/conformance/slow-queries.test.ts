// Proves that searches and reads are remembered as slow by shape, and who may see which: an
// administrator those of the own project and scopes, an operator of the cluster all, others none.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { DEFAULT_PROJECT } from '@vectron/contracts'
import type { Answer, Json } from './exchanges.ts'
import { Voice } from './row-rule-matrix.ts'
import { startTestVectron, type TestVectron } from './running-vectron.ts'

let running: TestVectron
let operator: Voice
let stranger: Voice

const filter = { must: [{ field: 'n', range: { gte: 1 } }] }
const points: Json = [{ id: 'a', vector: [1, 0], payload: { n: 1 } }]

before(async () => {
  // Every query is slow.
  running = await startTestVectron(undefined, { slowQueryMs: 0 })
  operator = await Voice.open(running, 'http', running.key)
  const registration = { email: 'else@example.org', password: 'correct horse battery' }
  stranger = await Voice.open(
    running,
    'http',
    (await operator.ask('register', registration)).accessToken,
  )
  for (const [voice, name] of [
    [operator, 'mine'],
    [operator, 'other'],
    [stranger, 'theirs'],
  ] as const) {
    await voice.ask('createCollection', { name, dimension: 2, shardCount: 2 })
    await voice.ask('upsertPoints', { collection: name, points })
    await voice.ask('search', { collection: name, vector: [0.25, 0.75], topK: 7, filter })
  }
  const searches = [{ id: 'a' }, { vector: [1, 0], topK: 3 }]
  await operator.ask('batchSearch', { collection: 'mine', searches })
  await operator.ask('scrollPoints', { collection: 'mine', pageSize: 9, filter })
  await operator.ask('countPoints', { collection: 'mine', filter })
  await operator.ask('batchGetPoints', { collection: 'mine', ids: ['a', 'secret-id'] })
  await operator.refusal('getPoint', { collection: 'mine', id: 'secret-id' })
})

after(async () => {
  operator.close()
  stranger.close()
  await running.close()
})

async function list(voice: Voice, request: Json = {}): Promise<Answer[]> {
  return (await voice.ask('listSlowQueries', request)).queries
}

test('Queries are told newest first by their shape, with stages, and without what they look for.', async () => {
  const answer = await operator.ask('listSlowQueries', { collection: 'mine' })
  assert.deepEqual([answer.gateway, answer.thresholdMs], ['vectron', 0])
  const { queries } = answer
  assert.deepEqual(
    queries.map(({ method, outcome, count, topK }: Answer) => [method, outcome, count, topK]),
    [
      ['GetPoint', 'POINT_NOT_FOUND', 1, 0],
      ['BatchGetPoints', 'OK', 2, 0],
      ['CountPoints', 'OK', 1, 0],
      ['ScrollPoints', 'OK', 1, 9],
      ['BatchSearch', 'OK', 2, 10],
      ['Search', 'OK', 1, 7],
    ],
  )
  const search = queries.at(-1)
  assert.deepEqual([search.target, search.shardsTotal, search.shardsAnswered], ['vector', 2, 2])
  assert.deepEqual(JSON.parse(search.filter).must, filter.must)
  assert.deepEqual(search.stages.map(({ name }: Answer) => name).slice(0, 2), ['plan', 'resolve'])
  assert.equal(queries.at(-2).target, 'id, vector')
  assert.ok(search.requestId !== '' && Date.parse(search.time) > 0)
  assert.ok(!/0\.25|0\.75|secret-id/.test(JSON.stringify(queries)))
  assert.equal((await list(operator, { limit: 2 })).length, 2)
})

test('An operator sees the queries of all projects, an administrator those of the own.', async () => {
  const seen = (queries: readonly Answer[]) => [...new Set(queries.map((one) => one.collection))]
  assert.deepEqual(seen(await list(operator)).sort(), ['mine', 'other', 'theirs'])
  assert.deepEqual(seen(await list(stranger)), ['theirs'])
})

async function keyOf(more: { [name: string]: Json }): Promise<Voice> {
  const request = { projectId: DEFAULT_PROJECT, name: 'k', ...more }
  return Voice.open(running, 'http', (await operator.ask('createApiKey', request)).text)
}

test('Scopes narrow the list; readers, writers and keys with a row rule get none.', async (t) => {
  const narrow = await keyOf({
    role: 'admin',
    scopes: [{ collection: 'oth*', verbs: ['read', 'admin'] }],
  })
  const rowRule = JSON.stringify({ must: [{ field: 'n', match: 1 }] })
  const ruled = await keyOf({ role: 'admin', rowRule })
  const writer = await keyOf({ role: 'writer' })
  t.after(() => {
    for (const voice of [narrow, ruled, writer]) voice.close()
  })
  assert.deepEqual(
    (await list(narrow)).map(({ collection }) => collection),
    ['other'],
  )
  for (const voice of [ruled, writer]) {
    assert.equal((await voice.refusal('listSlowQueries', {})).reason, 'FORBIDDEN')
  }
})
