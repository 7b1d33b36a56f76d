import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { isVectronError, systemClock } from '@vectron/base'
import { createKeyText, parseKey } from './api-key.ts'
import { type KeyStore, openKeyStore } from './key-store.ts'

function temporaryFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'vectron-auth-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return join(folder, 'auth', 'keys.db')
}

function openFor(t: TestContext, file: string): KeyStore {
  const store = openKeyStore(file, systemClock)
  t.after(() => store.close())
  return store
}

test('A key is recognised by its form alone, and every single typo in it is refused.', () => {
  const { text, id } = createKeyText('live')
  assert.equal(parseKey(text)?.id, id)
  assert.equal(parseKey(text)?.environment, 'live')
  for (let at = 'vk_live_'.length; at < text.length; at++) {
    const other = text[at] === 'x' ? 'y' : 'x'
    assert.equal(parseKey(text.slice(0, at) + other + text.slice(at + 1)), undefined)
  }
  for (const wrong of ['', 'vk_', text.slice(1), text.slice(0, -1), `${text} `, `${text}x`]) {
    assert.equal(parseKey(wrong), undefined)
  }
})

test('A key is valid until it is revoked, also after the store was opened again.', (t) => {
  const file = temporaryFile(t)
  const first = openKeyStore(file, systemClock)
  const key = first.createKey({ name: 'ci', environment: 'dev' })
  const other = first.createKey({ name: 'other', environment: 'dev' })
  assert.deepEqual(first.validateKey(key.text), { keyId: key.id, name: 'ci' })
  first.close()

  const store = openFor(t, file)
  assert.deepEqual(store.validateKey(key.text), { keyId: key.id, name: 'ci' })
  assert.equal(store.revokeKey(key.id), true)
  assert.equal(store.revokeKey('000000000000'), false)
  assert.equal(store.validateKey(key.text), undefined)
  assert.equal(store.validateKey(other.text)?.keyId, other.id)
  assert.equal(store.listKeys().filter(({ revokedMs }) => revokedMs !== undefined).length, 1)
})

test('A key of the right form that was never made is refused, and so is another secret.', (t) => {
  const store = openFor(t, temporaryFile(t))
  store.createKey({ name: 'ci', environment: 'dev' })
  assert.equal(store.validateKey(createKeyText('dev').text), undefined)
})

test('The store holds no secret and is readable by its owner alone.', (t) => {
  const file = temporaryFile(t)
  const store = openKeyStore(file, systemClock)
  const { text } = store.createKey({ name: 'ci', environment: 'dev' })
  store.close()
  assert.equal(statSync(file).mode & 0o077, 0)
  const secret = parseKey(text)?.secret ?? ''
  assert.ok(!readFileSync(file).includes(secret))
})

test('A store of a newer release is refused, not misread.', (t) => {
  const file = temporaryFile(t)
  openKeyStore(file, systemClock).close()
  const db = new DatabaseSync(file)
  db.exec('PRAGMA user_version = 99')
  db.close()
  assert.throws(
    () => openKeyStore(file, systemClock),
    (error) => isVectronError(error, 'INCOMPATIBLE_DATA'),
  )
})
