// Every operation of the API with every kind of credential: who gets in, who does not, and that
// nobody reaches another project. An operation that is missing from the table fails the test.

import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { after, before, test } from 'node:test'
import { isVectronError, type VectronError } from '@vectron/base'
import { GrpcChannel, type OpenApiDocument } from '@vectron/rpc'
import { type Answer, exchanges, type Json } from './exchanges.ts'
import { startTestVectron, type TestVectron } from './running-vectron.ts'
import { askGrpc, askHttp, type DocumentedOperation, operationsOf } from './speak.ts'

/** The least that an operation needs. */
type Need =
  /** Nothing: it says itself what it needs. */
  | 'open'
  | 'any'
  | 'reader'
  | 'writer'
  | 'admin'
  | 'owner'
  | 'operator'
  /** A person: an API key has no account. */
  | 'person'
  /** Any API key. */
  | 'key'

const NEEDS: Readonly<Record<string, Need>> = {
  createCollection: 'admin',
  updateCollection: 'admin',
  deleteCollection: 'admin',
  getCollection: 'reader',
  listCollections: 'reader',
  getCollectionStats: 'reader',
  updateAliases: 'admin',
  listAliases: 'reader',
  listSlowQueries: 'admin',
  checkAccess: 'admin',
  listAuditEntries: 'admin',
  upsertPoints: 'writer',
  upsertPointsStream: 'writer',
  deletePoints: 'writer',
  updatePayload: 'writer',
  getPoint: 'reader',
  batchGetPoints: 'reader',
  scrollPoints: 'reader',
  countPoints: 'reader',
  facetPoints: 'reader',
  search: 'reader',
  batchSearch: 'reader',
  searchStream: 'reader',
  listRerankStrategies: 'any',
  listRerankPresets: 'reader',
  setRerankPreset: 'admin',
  deleteRerankPreset: 'admin',
  invalidateRerankCache: 'admin',
  addFeedback: 'writer',
  getHealth: 'any',
  listWorkers: 'operator',
  listShards: 'operator',
  getStatistics: 'operator',
  cancelOperator: 'operator',
  drainWorker: 'operator',
  listEvents: 'operator',
  listOperators: 'operator',
  listPlacementMembers: 'operator',
  moveReplica: 'operator',
  rebalance: 'operator',
  removeWorker: 'operator',
  transferLeader: 'operator',
  undrainWorker: 'operator',
  watchCluster: 'operator',
  register: 'open',
  logIn: 'open',
  refresh: 'open',
  redeemSignInLink: 'open',
  validateToken: 'open',
  getKeySet: 'open',
  logOut: 'person',
  getProfile: 'person',
  updateProfile: 'person',
  changePassword: 'person',
  deleteAccount: 'person',
  createProject: 'person',
  listProjects: 'person',
  getProject: 'reader',
  updateProject: 'owner',
  deleteProject: 'owner',
  listMembers: 'reader',
  setMember: 'admin',
  removeMember: 'admin',
  getUsage: 'reader',
  createApiKey: 'admin',
  listApiKeys: 'admin',
  revokeApiKey: 'admin',
  rotateApiKey: 'admin',
  createToken: 'key',
}

/** Operations that would end the credentials of this test. */
const ENDS_CREDENTIALS = new Set(['deleteProject', 'deleteAccount'])

const ROLES = ['reader', 'writer', 'admin', 'owner'] as const

let running: TestVectron
let operations: DocumentedOperation[]
/** A project with a key of each role. */
let projectId = ''
const keys = new Map<string, string>()
const impostors = new Map<string, string>()

before(async () => {
  running = await startTestVectron()
  const document = (await (await fetch(`${running.url}/openapi.json`)).json()) as OpenApiDocument
  operations = operationsOf(document)
  const token = await registerOwner()
  for (const role of ROLES) {
    const { text } = await ask('createApiKey', { projectId, name: role, role }, token)
    keys.set(role, text)
  }
  keys.set('narrow', await createNarrowKey(token))
  await makeImpostors(token)
})

after(() => running.close())

test('every operation of the document stands in the table, and nothing else', () => {
  assert.deepEqual(Object.keys(NEEDS).sort(), operations.map(({ id }) => id).sort())
})

test('without a valid credential nothing is done that needs one', async (t) => {
  for (const operation of operations) {
    await t.test(operation.id, async () => {
      for (const [kind, credential] of [['none', ''] as const, ...impostors]) {
        const { status, reason } = await tryHttp(operation, credential)
        const grpc = await tryGrpc(operation, credential)
        const what = `${operation.id} with ${kind}`
        if (NEEDS[operation.id] === 'open') {
          assert.notEqual(reason, 'NO_KEY', what)
          continue
        }
        assert.equal(status, 401, what)
        assert.equal(reason, kind === 'none' ? 'NO_KEY' : 'WRONG_KEY', what)
        assert.equal(grpc, reason, what)
      }
    })
  }
})

test('each role does what it may and no more, in its own project', async (t) => {
  for (const operation of operations.filter(({ id }) => !ENDS_CREDENTIALS.has(id))) {
    await t.test(operation.id, async () => {
      for (const role of ROLES) {
        const credential = keys.get(role) ?? ''
        const { status, reason } = await tryHttp(operation, credential)
        const grpc = await tryGrpc(operation, credential)
        const may = isAllowed(NEEDS[operation.id], role)
        const what = `${operation.id} as ${role}: ${status} ${reason}`
        assert.equal(reason === 'FORBIDDEN', !may, what)
        assert.equal(grpc === 'FORBIDDEN', !may, `${what}, over gRPC ${grpc}`)
        assert.ok(status !== 401 || NEEDS[operation.id] === 'open', what)
        assert.ok(status < 500, what)
      }
    })
  }
})

test('what is told beforehand of a key and a call is what the call is told', async () => {
  const owner = keys.get('owner') ?? ''
  const { keys: made } = await ask('listApiKeys', { projectId }, owner)
  const keyIds = new Map<string, string>(made.map((key: Answer) => [key.name, key.keyId]))
  const narrow = ['narrow', ...ROLES].filter((name) => keyIds.has(name))
  assert.equal(narrow.length, 5)
  for (const operation of operations.filter(({ id }) => !ENDS_CREDENTIALS.has(id))) {
    for (const name of narrow) {
      const asked = { keyId: keyIds.get(name) ?? '', operation: operation.id, collection: 'matrix' }
      const verdict = await ask('checkAccess', asked, owner)
      const { reason } = await tryHttp(operation, keys.get(name) ?? '')
      const what = `${operation.id} as ${name}: ${JSON.stringify(verdict)}, in fact ${reason}`
      assert.equal(verdict.allowed, reason !== 'FORBIDDEN', what)
      assert.equal(verdict.reason, verdict.allowed ? '' : 'FORBIDDEN', what)
    }
  }
})

test('a key that was revoked, or is of another project, is told from one that lacks a right', async () => {
  const owner = keys.get('owner') ?? ''
  const check = (keyId: string) => ({ keyId, operation: 'search', collection: 'matrix' })
  const { key } = await ask('createApiKey', { projectId, name: 'gone' }, owner)
  assert.equal((await ask('checkAccess', check(key.keyId), owner)).allowed, true)
  await ask('revokeApiKey', { projectId, keyId: key.keyId }, owner)
  const verdict = await ask('checkAccess', check(key.keyId), owner)
  assert.deepEqual([verdict.allowed, verdict.reason], [false, 'WRONG_KEY'])
  assert.match(verdict.message, /^The key was revoked at /)
  const foreign = running.key.split('_').at(2) ?? ''
  assert.equal(await refusal('checkAccess', check(foreign), owner), 'INVALID_ARGUMENT')
})

test('the audit of a project tells who did what, and nothing of others', async () => {
  const owner = keys.get('owner') ?? ''
  const { keys: made } = await ask('listApiKeys', { projectId }, owner)
  const ownerId = made.find(({ name }: Answer) => name === 'owner').keyId
  const name = 'audited'
  await ask('createCollection', { name, dimension: 2 }, owner).catch(() => {})
  assert.equal(
    await refusal('deleteCollection', { collection: name }, keys.get('reader') ?? ''),
    'FORBIDDEN',
  )
  await ask('deleteCollection', { collection: name }, owner).catch(() => {})
  const { entries, kept } = await ask('listAuditEntries', { subject: name, pageSize: 3 }, owner)
  assert.equal(kept, true)
  assert.equal(entries[0].action, 'Collections.deleteCollection')
  assert.equal(entries[0].actor, ownerId)
  assert.equal(entries[1].result, 'FORBIDDEN')
  assert.ok(entries.every((entry: Answer) => entry.project === projectId))
  await ask('createApiKey', { projectId, name: 'of the audit' }, owner)
  const keysMade = await ask('listAuditEntries', { action: 'KEY.create', actor: ownerId }, owner)
  assert.ok(keysMade.entries.length > 0)
  // A question is no change; that somebody may not ask it is told.
  const questions = await ask('listAuditEntries', { action: 'checkAccess' }, owner)
  assert.ok(questions.entries.length > 0)
  assert.ok(questions.entries.every(({ result }: Answer) => result === 'FORBIDDEN'))
  const everywhere = { allProjects: true }
  assert.equal(await refusal('listAuditEntries', everywhere, owner), 'FORBIDDEN')
  const people = { ...everywhere, action: 'account.register' }
  const { entries: registered } = await ask('listAuditEntries', people, running.key)
  assert.ok(registered.length > 0)
  assert.ok(registered.every((entry: Answer) => entry.action === 'account.register'))
})

test('nobody reaches a collection of another project, nor learns that it is there', async () => {
  const own = { 'x-api-key': running.key }
  const url = `${running.url}/v1/collections`
  const body = JSON.stringify({ name: 'secrets', dimension: 2 })
  const headers = { 'content-type': 'application/json' }
  const made = await fetchInTime(url, { method: 'POST', headers: { ...headers, ...own }, body })
  assert.equal(made.status, 200)
  const owner = keys.get('owner') ?? ''
  const list = await ask('listCollections', {}, owner)
  assert.ok(list.collections.every(({ name }: Answer) => name !== 'secrets'))
  for (const name of [
    'secrets',
    'secretz',
    'default/secrets',
    '/secrets',
    `${projectId}/secrets`,
  ]) {
    const path = `${url}/${encodeURIComponent(name)}`
    const answer = await fetchInTime(path, { headers: { 'x-api-key': owner } })
    const text = await answer.text()
    assert.ok(answer.status === 404 || answer.status === 400, `${name}: ${text}`)
    assert.ok(!text.includes(projectId) || name.includes(projectId), text)
    if (name === 'secretz') assert.ok(!text.includes('"secrets"'), text)
  }
  // The same name is free in each project, and each sees its own.
  const theirs = { ...headers, 'x-api-key': owner }
  const mine = JSON.stringify({ name: 'secrets', dimension: 3 })
  assert.equal(
    (await fetchInTime(url, { method: 'POST', headers: theirs, body: mine })).status,
    200,
  )
  const seen = await fetchInTime(`${url}/secrets`, { headers: theirs })
  const { name, dimension } = (await seen.json()) as Answer
  assert.deepEqual([name, dimension], ['secrets', 3])
  const foreign = await fetchInTime(`${url}/${projectId}%2Fsecrets`, { headers: own })
  assert.equal(foreign.status, 400)
})

test('errors name a collection as the caller does, also those of streams', async () => {
  const owner = keys.get('owner') ?? ''
  const collection = 'nonesuch'
  for (const [id, request] of [
    ['search', { vector: [1, 0] }],
    ['searchStream', { vector: [1, 0] }],
    ['upsertPoints', { points: [{ id: 'p', vector: [1, 0] }] }],
    ['upsertPointsStream', { points: [{ id: 'p', vector: [1, 0] }] }],
  ] as const) {
    const error = await refusalOf(id, { collection, ...request } as never, owner)
    assert.equal(error.reason, 'COLLECTION_NOT_FOUND', id)
    assert.match(error.message, /^There is no collection "nonesuch"\./, id)
    assert.equal(error.subject, collection, id)
  }
})

test('a scope narrows a key to its collections and verbs', async () => {
  const owner = keys.get('owner') ?? ''
  const narrow = keys.get('narrow') ?? ''
  for (const name of ['shop-a', 'other']) {
    await ask('createCollection', { name, dimension: 2 }, owner)
  }
  const search = (collection: string) => ({ collection, vector: [1, 0] })
  await ask('search', search('shop-a'), narrow)
  assert.equal(await refusal('search', search('other'), narrow), 'FORBIDDEN')
  const points = [{ id: 'p', vector: [1, 0] }]
  assert.equal(await refusal('upsertPoints', { collection: 'shop-a', points }, narrow), 'FORBIDDEN')
  const { collections } = await ask('listCollections', {}, narrow)
  assert.deepEqual(
    collections.map(({ name }: Answer) => name),
    ['shop-a'],
  )
})

test('a plan bounds what its project has', async () => {
  const owner = keys.get('owner') ?? ''
  const wide = { name: 'wide', dimension: 4096 }
  assert.equal(await refusal('createCollection', wide, owner), 'PLAN_LIMIT')
  const many = { collection: 'shop-a', vector: [1, 0], topK: 101 }
  assert.equal(await refusal('search', many, owner), 'PLAN_LIMIT')
  const { collections } = await ask('listCollections', {}, owner)
  for (let count = collections.length; count < 5; count++) {
    await ask('createCollection', { name: `n${count}`, dimension: 2 }, owner)
  }
  const sixth = { name: 'sixth', dimension: 2 }
  assert.equal(await refusal('createCollection', sixth, owner), 'PLAN_LIMIT')
})

test('requests above the rate of the plan are refused with the time to wait', async () => {
  const token = keys.get('reader') ?? ''
  const answers = await Promise.all(
    Array.from({ length: 60 }, () =>
      fetch(`${running.url}/v1/collections`, { headers: { 'x-api-key': token } }),
    ),
  )
  const refused = answers.filter(({ status }) => status === 429)
  assert.ok(refused.length > 0)
  for (const { headers } of refused) {
    assert.ok(Number(headers.get('retry-after')) >= 1)
    assert.equal(headers.get('ratelimit-limit'), '20')
  }
})

function isAllowed(need: Need | undefined, role: (typeof ROLES)[number]): boolean {
  switch (need) {
    case 'open':
    case 'any':
    case 'key':
      return true
    case 'operator':
    case 'person':
    case undefined:
      return false
    case 'reader':
    case 'writer':
    case 'admin':
    case 'owner':
      return ROLES.indexOf(role) >= ROLES.indexOf(need)
  }
}

async function registerOwner(): Promise<string> {
  const registration = { email: 'owner@example.org', password: 'correct horse battery' }
  const { accessToken, profile } = await ask('register', registration)
  projectId = profile.projects[0].projectId
  return accessToken
}

async function createNarrowKey(token: string): Promise<string> {
  const scopes = [{ collection: 'shop-*', verbs: ['read'] }]
  return (await ask('createApiKey', { projectId, name: 'narrow', scopes }, token)).text
}

/** Credentials that look right and are not. */
async function makeImpostors(token: string): Promise<void> {
  const [header = '', payload = '', signature = ''] = token.split('.')
  const { keys: set } = await ask('getKeySet', {})
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const headerWith = (change: object) =>
    encode({ ...JSON.parse(Buffer.from(header, 'base64url').toString()), ...change })
  const stranger = generateKeyPairSync('ed25519')
  const signed = (head: string) =>
    `${head}.${payload}.${sign(null, Buffer.from(`${head}.${payload}`), stranger.privateKey).toString('base64url')}`
  const confused = headerWith({ alg: 'HS256' })
  const mac = createHmac('sha256', Buffer.from(set[0].x, 'base64url'))
  impostors.set('malformed', 'not-a-key')
  impostors.set('malformed key', `${running.key.slice(0, -1)}!`)
  impostors.set('wrong signature', `${header}.${payload}.${flip(signature)}`)
  impostors.set('changed payload', `${header}.${flip(payload)}.${signature}`)
  impostors.set('signed by a stranger', signed(header))
  impostors.set('alg none', `${headerWith({ alg: 'none' })}.${payload}.`)
  impostors.set(
    'HS for EdDSA',
    `${confused}.${payload}.${mac.update(`${confused}.${payload}`).digest('base64url')}`,
  )
  impostors.set('foreign key id', signed(headerWith({ kid: 'somebody' })))
  impostors.set(
    'key in the header',
    signed(headerWith({ jwk: stranger.publicKey.export({ format: 'jwk' }) })),
  )
  const expireTime = new Date(Date.now() + 1500).toISOString()
  const { text } = await ask('createApiKey', { projectId, name: 'brief', expireTime }, token)
  while (Date.now() <= Date.parse(expireTime))
    await new Promise((resolve) => setTimeout(resolve, 5))
  impostors.set('expired', text)
}

function flip(text: string): string {
  const at = text.length >> 1
  return text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1)
}

/** A request that is right in form; what it is about need not exist. */
function requestOf(id: string): Json {
  const exchange = exchanges.find(({ operation }) => operation === id)
  const known = exchange?.request
  const request = Array.isArray(known) ? (known[0] ?? {}) : (known ?? {})
  const text = JSON.stringify(request).replaceAll('contract-*', 'matrix')
  const named: Record<string, Json> = {
    updateProject: { projectId, name: 'matrix' },
    setMember: { projectId, email: 'nobody@example.org', role: 'reader' },
    removeMember: { projectId, userId: 'x' },
    createApiKey: { projectId, name: 'by the matrix', role: 'reader' },
    revokeApiKey: { projectId, keyId: '000000000000' },
    rotateApiKey: { projectId, keyId: '000000000000' },
  }
  return exchange === undefined ? (named[id] ?? { projectId }) : JSON.parse(text)
}

interface Outcome {
  readonly status: number
  readonly reason: string
}

/** The rate of the plan is waited for; log-ins without a plan are slowed down for long. */
function isFinal({ id }: { readonly id: string }, reason: string): boolean {
  return reason !== 'RATE_LIMITED' || NEEDS[id] === 'open'
}

/** As a client that waits for the rate of its plan. */
async function fetchInTime(url: string, init: RequestInit): Promise<Response> {
  for (;;) {
    const response = await fetch(url, init)
    if (response.status !== 429) return response
    await untilAllowed(response)
  }
}

async function tryHttp(operation: DocumentedOperation, credential: string): Promise<Outcome> {
  const headers = credential === '' ? {} : { authorization: `Bearer ${credential}` }
  for (;;) {
    const known = onlyKnown(operation, requestOf(operation.id))
    const response = await askHttp({ url: running.url, headers }, operation, [known])
    const text = await response.text()
    const reason = response.ok ? '' : (JSON.parse(text) as Answer).reason
    if (isFinal(operation, reason)) return { status: response.status, reason }
    await untilAllowed(response)
  }
}

async function tryGrpc({ id }: DocumentedOperation, credential: string): Promise<string> {
  const headers = credential === '' ? {} : { authorization: `Bearer ${credential}` }
  const channel = new GrpcChannel(running.grpcAddress, { headers })
  try {
    for (;;) {
      try {
        await askGrpc(channel, id, [onlyKnown({ id }, requestOf(id))])
        return ''
      } catch (error) {
        if (!isVectronError(error)) throw error
        if (isFinal({ id }, error.reason)) return error.reason
        await new Promise((resolve) => setTimeout(resolve, error.retryAfterMs ?? 50))
      }
    }
  } finally {
    channel.close()
  }
}

/** Requests name the project only where the operation knows it. */
function onlyKnown({ id }: { readonly id: string }, request: Json): Json {
  if (Object.keys(request as object).join() !== 'projectId') return request
  const path = operations.find((operation) => operation.id === id)?.path ?? ''
  return path.includes('{projectId}') ? request : {}
}

async function untilAllowed(response: Response): Promise<void> {
  const seconds = Number(response.headers.get('retry-after') ?? 1)
  await new Promise((resolve) => setTimeout(resolve, Math.min(200, seconds * 1000)))
}

async function ask(id: string, request: Json, credential = ''): Promise<Answer> {
  const headers = credential === '' ? {} : { authorization: `Bearer ${credential}` }
  const channel = new GrpcChannel(running.grpcAddress, { headers })
  try {
    for (;;) {
      try {
        const [answer] = await askGrpc(channel, id, [request])
        return answer
      } catch (error) {
        if (!isVectronError(error, 'RATE_LIMITED')) throw error
        await new Promise((resolve) => setTimeout(resolve, error.retryAfterMs ?? 50))
      }
    }
  } finally {
    channel.close()
  }
}

async function refusal(id: string, request: Json, credential: string): Promise<string> {
  return (await refusalOf(id, request, credential)).reason
}

async function refusalOf(id: string, request: Json, credential: string): Promise<VectronError> {
  try {
    await ask(id, request, credential)
  } catch (error) {
    if (isVectronError(error)) return error
    throw error
  }
  throw new Error(`${id} is not refused`)
}
