/**
 * Proves that the audit of a cluster of real processes tells in one list what the gateway did and
 * what the authenticator did, in order of time, and says so when the authenticator is not there.
 */
import assert from 'node:assert/strict'
import path from 'node:path'
import { test } from 'node:test'
import { type AuditEntry, Vectron } from '@vectron/client'
import { temporaryFolder, vectron } from './vectron-command.ts'

const cwd = temporaryFolder()
const PROJECT = 'default'

async function cluster(...args: string[]) {
  const command = ['cluster', ...args, '--folder', path.join(cwd, 'c')]
  const { code, stdout, stderr } = await vectron(command, { cwd })
  assert.equal(code, 0, stderr)
  return stdout
}

const whatOf = ({ action, subject }: AuditEntry) => `${action} ${subject}`

async function readAll(client: Vectron, pageSize: number): Promise<AuditEntry[]> {
  const entries: AuditEntry[] = []
  let pageToken = ''
  do {
    const page = await client.access.audit({ pageSize, pageToken })
    assert.deepEqual(page.missing, [])
    assert.equal(page.kept, true)
    entries.push(...page.entries)
    pageToken = page.nextPageToken
  } while (pageToken !== '')
  return entries
}

test('gateway and authenticator are one audit, and a missing authenticator is told', async (t) => {
  t.after(() => cluster('stop'))
  const counts = ['--workers', '1', '--placement', '1', '--gateways', '1']
  const ready = JSON.parse(await cluster('start', ...counts, '--port', '0', '--json'))
  const client = new Vectron({ url: ready.url, apiKey: ready.apiKey })
  const expected: string[] = []
  for (const name of ['first', 'second', 'third']) {
    await client.createCollection({ name, dimension: 2 })
    const { key } = await client.projects.createKey(PROJECT, { name })
    await client.projects.revokeKey(PROJECT, key.keyId)
    expected.unshift(`Collections.createCollection ${name}`)
    expected.unshift(`key.create ${key.keyId}`)
    expected.unshift(`key.revoke ${key.keyId}`)
  }
  for (const pageSize of [2, 500]) {
    const entries = await readAll(client, pageSize)
    assert.deepEqual(entries.map(whatOf).slice(0, expected.length), expected)
    assert.ok(entries.every(({ project }) => project === PROJECT))
  }
  await client.account.register({ email: 'ada@example.org', password: 'correct horse battery' })
  const registrations = { action: 'account.register' }
  assert.deepEqual((await client.access.audit(registrations)).entries, [])
  const ofAll = await client.access.audit({ ...registrations, allProjects: true })
  assert.equal(ofAll.entries.length, 1)
  const refused = new Vectron({ url: ready.url, apiKey: ready.apiKey.replace(/.$/, '') })
  await assert.rejects(refused.createCollection({ name: 'x', dimension: 2 }), /WRONG_KEY|mistyped/)
  const everywhere = await client.access.audit({ allProjects: true, result: 'WRONG_KEY' })
  assert.deepEqual(
    everywhere.entries.map(({ project }) => project),
    [''],
  )

  await cluster('kill', 'auth-1')
  const { entries, missing } = await client.access.audit({ action: 'create' })
  assert.deepEqual(entries.map(whatOf), [
    'Collections.createCollection third',
    'Collections.createCollection second',
    'Collections.createCollection first',
  ])
  assert.equal(missing.length, 1)
  assert.match(missing[0] ?? '', /^the authenticator at 127\.0\.0\.1:\d+: ./)
  t.diagnostic(missing[0] ?? '')
})
