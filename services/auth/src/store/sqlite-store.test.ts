import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { isVectronError, systemClock } from '@vectron/base'
import { testCredentialStore } from './credential-store.contract.ts'
import { openSqliteStore } from './sqlite-store.ts'

let skewMs = 0
const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + skewMs }

function temporaryFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'vectron-store-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return join(folder, 'credentials.db')
}

testCredentialStore({
  name: 'sqlite',
  open: async (t) => {
    const store = openSqliteStore(temporaryFile(t), clock)
    t.after(() => store.close())
    return store
  },
  passTime: async (ms) => {
    skewMs += ms
  },
})

test('a file of credentials is readable by its owner alone and opens again with all it held', async (t) => {
  const file = temporaryFile(t)
  const first = openSqliteStore(file, clock)
  await first.commit({ put: [{ key: 'k', value: 'v' }] })
  const before = await first.get('k')
  first.close()
  assert.equal(statSync(file).mode & 0o077, 0)
  const second = openSqliteStore(file, clock)
  t.after(() => second.close())
  assert.deepEqual(await second.get('k'), before)
  await second.commit({ put: [{ key: 'l', value: 'v' }] })
  assert.ok(((await second.get('l'))?.revision ?? 0n) > (before?.revision ?? 0n))
})

test('a file of a newer release is refused', (t) => {
  const file = temporaryFile(t)
  openSqliteStore(file, clock).close()
  const db = new DatabaseSync(file)
  db.exec('PRAGMA user_version = 99')
  db.close()
  assert.throws(
    () => openSqliteStore(file, clock),
    (error) => isVectronError(error, 'INCOMPATIBLE_DATA'),
  )
})
