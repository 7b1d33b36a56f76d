// Proves over both protocols what an alias is: every read and write by it is about its collection,
// whose name answers have; names never clash; scopes and projects hold; a switch is atomic.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { DEFAULT_PROJECT } from '@vectron/contracts'
import { BothProtocols } from './both-protocols.ts'
import type { Answer, Json } from './exchanges.ts'
import { Voice } from './row-rule-matrix.ts'
import { startTestVectron, type TestVectron } from './running-vectron.ts'

let running: TestVectron
let vectron: BothProtocols
let owner: Voice

before(async () => {
  running = await startTestVectron()
  vectron = await BothProtocols.open(running)
  owner = await Voice.open(running, 'http', running.key)
  for (const name of ['v1', 'v2']) {
    await vectron.change('createCollection', { name, dimension: 2, shardCount: 2 })
    const points = [0, 1, 2].map((n) => ({
      id: `${name}-${n}`,
      vector: [Math.cos(n), Math.sin(n)],
      payload: { n },
    }))
    await vectron.change('upsertPoints', { collection: name, points })
  }
})

after(async () => {
  owner.close()
  await running.close()
})

function update(...actions: Json[]): Promise<Answer> {
  return vectron.change('updateAliases', { actions })
}

function refusalOf(...actions: Json[]) {
  return vectron.refusal('updateAliases', { actions })
}

const passing = ['tookUs', 'cache', 'nextPageToken', 'sessionToken', 'bytes']

test('Reads, searches and writes by an alias are about its collection, whose name they tell.', async () => {
  const made = await update({ create: { alias: 'live', collection: 'v1' } })
  assert.deepEqual(made, { aliases: [{ alias: 'live', collection: 'v1' }] })
  for (const [operation, request] of [
    ['getCollection', {}],
    ['getCollectionStats', {}],
    ['getPoint', { id: 'v1-0', withVector: true }],
    ['batchGetPoints', { ids: ['v1-1', 'none'] }],
    ['scrollPoints', { pageSize: 2 }],
    ['countPoints', { filter: { must: [{ field: 'n', range: { gte: 1 } }] } }],
    ['search', { vector: [1, 0], topK: 3 }],
    ['batchSearch', { searches: [{ vector: [1, 0], topK: 1 }] }],
  ] as const) {
    const [byAlias, byName] = await Promise.all(
      ['live', 'v1'].map((collection) =>
        vectron.ask(operation, { ...request, collection } as never, passing),
      ),
    )
    const steady = (answer: Answer) =>
      JSON.stringify(answer, (name, value) => (passing.includes(name) ? null : value))
    assert.equal(steady(byAlias), steady(byName), operation)
  }
  const streamed = await owner.ask('searchStream', { collection: 'live', vector: [1, 0], topK: 1 })
  assert.equal(streamed.results[0].id, 'v1-0')
  const repeated = { collection: 'live', searches: [{ collection: 'live', vector: [1, 0] }] }
  assert.equal((await vectron.ask('batchSearch', repeated, passing)).responses.length, 1)
  assert.equal((await vectron.ask('getCollection', { collection: 'live' })).name, 'v1')

  const points = [{ id: 'new', vector: [0, 1], payload: { n: 9 } }]
  await vectron.change('upsertPoints', { collection: 'live', points })
  await owner.ask('upsertPointsStream', { collection: 'live', points })
  const set = { seen: true }
  await vectron.change('updatePayload', { collection: 'live', ids: ['new'], set })
  const { payload } = await vectron.ask('getPoint', { collection: 'v1', id: 'new' })
  assert.deepEqual(payload, { n: 9, seen: true })
  await vectron.change('deletePoints', { collection: 'live', ids: ['new'] })
  assert.equal((await vectron.ask('countPoints', { collection: 'v1' })).count, 3)
})

test('After a switch every request that begins is about the other collection; pages do not mix.', async () => {
  const first = await owner.ask('scrollPoints', { collection: 'live', pageSize: 2 })
  await update({ switch: { alias: 'live', collection: 'v2' } })
  const { results } = await vectron.ask(
    'search',
    { collection: 'live', vector: [1, 0], topK: 5 },
    passing,
  )
  assert.ok(results.every(({ id }: Answer) => id.startsWith('v2-')))
  const { pageToken, ...next } = { collection: 'live', pageToken: first.nextPageToken }
  assert.equal(
    (await vectron.refusal('scrollPoints', { ...next, pageToken })).reason,
    'INVALID_PAGE_TOKEN',
  )
  await update({ switch: { alias: 'live', collection: 'v1' } })
  assert.equal((await vectron.ask('getCollection', { collection: 'live' })).name, 'v1')
})

test('What changes or deletes a collection names it itself, and none with an alias is deleted.', async () => {
  for (const operation of ['updateCollection', 'deleteCollection']) {
    const { reason, message } = await vectron.refusal(operation, { collection: 'live' })
    assert.equal(reason, 'COLLECTION_NOT_FOUND')
    assert.match(message, /^"live" is an alias: this needs the name of the collection itself\.$/)
  }
  const { reason, message } = await vectron.refusal('deleteCollection', { collection: 'v1' })
  assert.equal(reason, 'COLLECTION_HAS_ALIAS')
  assert.match(message, /"live"/)
  const clash = await vectron.refusal('createCollection', { name: 'live', dimension: 2 })
  assert.equal(clash.reason, 'ALIAS_EXISTS')
})

test('All actions are carried out or none, and a wrong one is named.', async () => {
  const before = await vectron.ask('listAliases', {})
  const refused = await refusalOf(
    { create: { alias: 'more', collection: 'v2' } },
    { switch: { alias: 'live', collection: 'nonesuch' } },
  )
  assert.equal(refused.reason, 'COLLECTION_NOT_FOUND')
  assert.deepEqual(await vectron.ask('listAliases', {}), before)
  const wrong = await refusalOf({ create: { alias: 'live 2', collection: 'v2' } })
  assert.deepEqual([wrong.reason, wrong.field], ['INVALID_NAME', 'actions[0].create.alias'])
  const empty = await refusalOf({ delete: { alias: 'live' } }, {})
  assert.deepEqual([empty.reason, empty.field], ['MISSING_FIELD', 'actions[1]'])
})

/** A key of the default project, narrowed. */
async function narrowKey(role: string, more: { [name: string]: Json }): Promise<Voice> {
  const request = { projectId: DEFAULT_PROJECT, name: 'narrow', role, ...more }
  return Voice.open(running, 'http', (await owner.ask('createApiKey', request)).text)
}

test('An alias opens no collection that the scopes of a key leave out, nor the other way round.', async (t) => {
  await update({ create: { alias: 'shop', collection: 'v2' } })
  const scoped = (...patterns: string[]) =>
    narrowKey('reader', {
      scopes: patterns.map((collection) => ({ collection, verbs: ['read'] })),
    })
  const both = await scoped('shop', 'v2')
  const aliasAlone = await scoped('sh*')
  const targetAlone = await scoped('v2')
  t.after(() => closeAll([both, aliasAlone, targetAlone]))
  const request = { collection: 'shop', vector: [1, 0] }
  assert.equal((await both.ask('search', request)).results.length, 3)
  const refused = await aliasAlone.refusal('search', request)
  assert.equal(refused.reason, 'FORBIDDEN')
  assert.match(refused.message, /what the alias "shop" points to/)
  assert.ok(!refused.message.includes('v2'))
  assert.equal((await targetAlone.refusal('search', request)).reason, 'FORBIDDEN')
  // The next request is judged by what the alias points to then.
  await update({ switch: { alias: 'shop', collection: 'v1' } })
  assert.equal((await both.refusal('search', request)).reason, 'FORBIDDEN')
  assert.deepEqual((await both.ask('listAliases', {})).aliases, [])
  await update({ switch: { alias: 'shop', collection: 'v2' } })
  const seen = await both.ask('listAliases', {})
  assert.deepEqual(seen.aliases, [{ alias: 'shop', collection: 'v2' }])
  for (const blind of [aliasAlone, targetAlone]) {
    assert.deepEqual((await blind.ask('listAliases', {})).aliases, [])
  }
})

test('Who administers aliases must administer the alias and what it shall point to.', async (t) => {
  const scopes = [{ collection: 'own*', verbs: ['read', 'admin'] }]
  const admin = await narrowKey('admin', { scopes })
  const writer = await narrowKey('writer', {})
  t.after(() => closeAll([admin, writer]))
  await vectron.change('createCollection', { name: 'own-1', dimension: 2 })
  const attempt = (voice: Voice, action: Json) =>
    voice.attempt('updateAliases', { actions: [action] })
  const create = (alias: string, collection: string) => ({ create: { alias, collection } })
  assert.equal(await attempt(admin, create('own', 'v1')), 'FORBIDDEN')
  assert.equal(await attempt(admin, create('foreign', 'own-1')), 'FORBIDDEN')
  assert.equal(await attempt(admin, { delete: { alias: 'live' } }), 'FORBIDDEN')
  assert.equal(await attempt(writer, create('own', 'own-1')), 'FORBIDDEN')
  assert.equal(await attempt(admin, create('own', 'own-1')), '')
  const { aliases } = await vectron.ask('listAliases', { collection: 'own-1' })
  assert.deepEqual(aliases, [{ alias: 'own', collection: 'own-1' }])
})

test('Projects have aliases of their own, and none reaches into another.', async (t) => {
  const registration = { email: 'else@example.org', password: 'correct horse battery' }
  const { accessToken } = await owner.ask('register', registration)
  const other = await Voice.open(running, 'http', accessToken)
  t.after(() => other.close())
  const search = { collection: 'live', vector: [1, 0] }
  assert.equal((await other.refusal('search', search)).reason, 'COLLECTION_NOT_FOUND')
  const pointing = (collection: string) => ({
    actions: [{ create: { alias: 'live', collection } }],
  })
  assert.equal(
    (await other.refusal('updateAliases', pointing('v1'))).reason,
    'COLLECTION_NOT_FOUND',
  )
  assert.equal(
    (await other.refusal('updateAliases', pointing('default/v1'))).reason,
    'INVALID_NAME',
  )
  await other.ask('createCollection', { name: 'theirs', dimension: 2 })
  const made = await other.ask('updateAliases', pointing('theirs'))
  assert.deepEqual(made.aliases, [{ alias: 'live', collection: 'theirs' }])
  assert.equal((await other.ask('getCollection', { collection: 'live' })).name, 'theirs')
  assert.equal((await vectron.ask('getCollection', { collection: 'live' })).name, 'v1')
  assert.deepEqual((await other.ask('listAliases', {})).aliases, made.aliases)
})

test('A key with a row rule reads by an alias what it may, and changes none.', async (t) => {
  const rowRule = JSON.stringify({ must: [{ field: 'n', match: 1 }] })
  const ruled = await narrowKey('admin', { rowRule })
  t.after(() => ruled.close())
  const { results } = await ruled.ask('search', { collection: 'live', vector: [1, 0] })
  assert.deepEqual(
    results.map(({ id }: Answer) => id),
    ['v1-1'],
  )
  const actions = [{ delete: { alias: 'live' } }]
  assert.equal((await ruled.refusal('updateAliases', { actions })).reason, 'FORBIDDEN')
})

function closeAll(voices: readonly Voice[]): void {
  for (const voice of voices) voice.close()
}
