import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { auth } from '@vectron/contracts'
import { createKeyText, parseKey } from './api-key.ts'
import { type AuthFixture, openAuthFixture } from './auth-fixture.ts'

interface Owner {
  readonly fixture: AuthFixture
  readonly token: string
  readonly projectId: string
}

let people = 0

async function register(fixture: AuthFixture): Promise<Owner> {
  const email = `person${++people}@example.org`
  const session = await fixture.as().accounts.register({ email, password: 'long enough 1' })
  const projectId = session.profile?.projects[0]?.projectId ?? ''
  return { fixture, token: session.accessToken, projectId }
}

async function openOwner(t: TestContext): Promise<Owner> {
  return register(await openAuthFixture(t))
}

async function principalOf({ as }: AuthFixture, apiKey: string) {
  return (await as().auth.validateKey({ apiKey })).principal
}

test('a key survives what people do to text: nothing. One changed character is refused', () => {
  const { text, id } = createKeyText('live')
  assert.equal(parseKey(text)?.id, id)
  for (let at = 'vk_live_'.length; at < text.length; at++) {
    const other = text[at] === 'x' ? 'y' : 'x'
    assert.equal(parseKey(text.slice(0, at) + other + text.slice(at + 1)), undefined)
  }
  for (const wrong of ['', 'vk_', text.slice(1), text.slice(0, -1), `${text} `, `${text}x`]) {
    assert.equal(parseKey(wrong), undefined)
  }
})

test('a key says whose it is and what it may do, until it is revoked for ever', async (t) => {
  const { fixture, token, projectId } = await openOwner(t)
  const { apiKeys } = fixture.as(token)
  const scopes = [{ collection: 'shop-*', verbs: ['read'] }]
  const rowRule = '{"must": [{"field": "tenant", "match": "a"}]}'
  const request = { projectId, name: 'ci', role: auth.Role.READER, scopes, rowRule }
  const { key, text } = await apiKeys.createApiKey(request)
  const principal = await principalOf(fixture, text)
  assert.equal(principal?.keyId, key?.keyId)
  assert.equal(principal?.projectId, projectId)
  assert.equal(principal?.role, auth.Role.READER)
  assert.equal(principal?.rowRule, rowRule)
  assert.equal(principal?.scopes[0]?.collection, 'shop-*')
  assert.equal(principal?.limits?.plan, 'free')
  assert.equal(principal?.clusterOperator, false)

  const listed = await apiKeys.listApiKeys({ projectId })
  assert.deepEqual(
    listed.keys.map(({ name }) => name),
    ['ci'],
  )
  await apiKeys.revokeApiKey({ projectId, keyId: key?.keyId ?? '' })
  assert.equal(await principalOf(fixture, text), undefined)
  const after = await apiKeys.listApiKeys({ projectId })
  assert.notEqual(after.keys[0]?.revokeTime, '')
})

test('while a key is rotated both secrets count; then the newer alone', async (t) => {
  const { fixture, token, projectId } = await openOwner(t)
  const { apiKeys } = fixture.as(token)
  const { key, text: older } = await apiKeys.createApiKey({ projectId, name: 'k' })
  const { text: newer } = await apiKeys.rotateApiKey({ projectId, keyId: key?.keyId ?? '' })
  assert.equal((await principalOf(fixture, older))?.keyId, key?.keyId)
  assert.equal((await principalOf(fixture, newer))?.keyId, key?.keyId)
  await assert.rejects(apiKeys.rotateApiKey({ projectId, keyId: key?.keyId ?? '' }), {
    reason: 'CONFLICT',
  })
  await apiKeys.rotateApiKey({ projectId, keyId: key?.keyId ?? '', finish: true })
  assert.equal(await principalOf(fixture, older), undefined)
  assert.equal((await principalOf(fixture, newer))?.keyId, key?.keyId)
})

test('a key ends at its time', async (t) => {
  const { fixture, token, projectId } = await openOwner(t)
  const { apiKeys } = fixture.as(token)
  const expireTime = new Date(fixture.clock.nowMs() + 60_000).toISOString()
  const { text } = await apiKeys.createApiKey({ projectId, name: 'k', expireTime })
  assert.ok(await principalOf(fixture, text))
  fixture.clock.skewMs += 60_001
  assert.equal(await principalOf(fixture, text), undefined)
})

test('nobody gives more than they have, and nothing of other projects', async (t) => {
  const { fixture, token, projectId } = await openOwner(t)
  const other = await register(fixture)
  await assert.rejects(fixture.as(other.token).apiKeys.listApiKeys({ projectId }), {
    reason: 'FORBIDDEN',
  })
  const mine = fixture.as(token).apiKeys
  const admin = await mine.createApiKey({ projectId, name: 'admin', role: auth.Role.ADMIN })
  const theirs = await fixture.as(other.token).apiKeys.createApiKey({
    projectId: other.projectId,
    name: 'theirs',
  })
  const byAdmin = fixture.as(admin.text).apiKeys
  await assert.rejects(byAdmin.createApiKey({ projectId, name: 'owner', role: auth.Role.OWNER }), {
    reason: 'FORBIDDEN',
  })
  await assert.rejects(byAdmin.revokeApiKey({ projectId, keyId: theirs.key?.keyId ?? '' }), {
    reason: 'KEY_NOT_FOUND',
  })
  const writer = await byAdmin.createApiKey({ projectId, name: 'writer' })
  await assert.rejects(fixture.as(writer.text).apiKeys.listApiKeys({ projectId }), {
    reason: 'FORBIDDEN',
  })
  const narrow = await byAdmin.createApiKey({
    projectId,
    name: 'narrow',
    role: auth.Role.ADMIN,
    scopes: [{ collection: 'a', verbs: ['admin'] }],
  })
  await assert.rejects(fixture.as(narrow.text).apiKeys.createApiKey({ projectId, name: 'wider' }), {
    reason: 'FORBIDDEN',
  })
})

test('what is no key is refused with the field named', async (t) => {
  const { fixture, token, projectId } = await openOwner(t)
  const { apiKeys } = fixture.as(token)
  const wrong = [
    [{ name: '' }, 'name'],
    [{ environment: 'prod' }, 'environment'],
    [{ expireTime: 'tomorrow' }, 'expireTime'],
    [{ expireTime: '2001-01-01T00:00:00Z' }, 'expireTime'],
    [{ rowRule: '{"must": 3}' }, 'rowRule'],
    [{ rowRule: '{"must": []}' }, 'rowRule'],
    [{ rowRule: '{"must": [{"field": "tenant"}]}' }, 'rowRule.must[0]'],
    [{ rowRule: '{"must": [{"field": "n", "range": {}}]}' }, 'rowRule.must[0].range'],
    [{ scopes: [{ collection: 'a*b', verbs: ['read'] }] }, 'scopes[0].collection'],
    [{ scopes: [{ collection: 'a', verbs: [] }] }, 'scopes[0].verbs'],
    [{ scopes: [{ collection: 'a', verbs: ['fly'] }] }, 'scopes[0].verbs'],
  ] as const
  for (const [part, field] of wrong) {
    const request = { projectId, name: 'k', ...part } as Parameters<typeof apiKeys.createApiKey>[0]
    await assert.rejects(apiKeys.createApiKey(request), { field })
  }
})

test('a token made from a key does no more than the key, and ends with it', async (t) => {
  const { fixture, token, projectId } = await openOwner(t)
  const { apiKeys } = fixture.as(token)
  const { key, text } = await apiKeys.createApiKey({ projectId, name: 'k' })
  const scopes = [{ collection: 'books', verbs: ['read'] }]
  const { accessToken, expiresIn } = await fixture.as(text).tokens.createToken({ scopes })
  assert.equal(expiresIn, 900)
  const { valid, principal } = await fixture.as().tokens.validateToken({ token: accessToken })
  assert.equal(valid, true)
  assert.equal(principal?.keyId, key?.keyId)
  assert.equal(principal?.tokenScopes[0]?.collection, 'books')
  await assert.rejects(fixture.as(accessToken).apiKeys.listApiKeys({ projectId }), {
    reason: 'FORBIDDEN',
  })
  await apiKeys.revokeApiKey({ projectId, keyId: key?.keyId ?? '' })
  assert.equal((await fixture.as().tokens.validateToken({ token: accessToken })).valid, false)
})

test('gateways are told what ended, in the moment that it ends', async (t) => {
  const { fixture, token, projectId } = await openOwner(t)
  const ending = new AbortController()
  t.after(() => ending.abort())
  const feed = fixture.as().auth.watchChanges({}, { signal: ending.signal })
  const changes = feed[Symbol.asyncIterator]()
  const nextOf = async (kind: string) => {
    for (;;) {
      const { value } = await changes.next()
      if (value.change.case === kind) return value.change.value
    }
  }
  await nextOf('reset')
  await nextOf('alive')
  const { apiKeys, accounts } = fixture.as(token)
  const { key } = await apiKeys.createApiKey({ projectId, name: 'k' })
  assert.equal(await nextOf('keyId'), key?.keyId)
  await apiKeys.revokeApiKey({ projectId, keyId: key?.keyId ?? '' })
  assert.equal(await nextOf('keyId'), key?.keyId)
  await accounts.logOut({})
  assert.equal(typeof (await nextOf('sessionId')), 'string')
})

test('usage is added up by day, and a report that is repeated counts once', async (t) => {
  const { fixture, token, projectId } = await openOwner(t)
  const day = new Date(fixture.clock.nowMs()).toISOString().slice(0, 10)
  const counts = [{ projectId, day, requests: 5n, searches: 2n, pointsWritten: 100n }]
  const report = { reportId: 'r1', counts, keyUses: { someKey: 123n } }
  await fixture.as().auth.reportUsage(report)
  await fixture.as().auth.reportUsage(report)
  await fixture.as().auth.reportUsage({ ...report, reportId: 'r2' })
  const { days } = await fixture.as(token).projects.getUsage({ projectId, days: 2 })
  assert.deepEqual(
    days.map(({ requests, pointsWritten }) => [requests, pointsWritten]),
    [
      [0n, 0n],
      [10n, 200n],
    ],
  )
})
