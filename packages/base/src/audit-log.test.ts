import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type AuditEntry, openAuditLog } from './audit-log.ts'
import { systemClock } from './clock.ts'

const entry = (requestId: string): AuditEntry => ({
  action: 'collection.create',
  actor: 'k1',
  project: 'default',
  subject: 'books',
  result: 'ok',
  requestId,
  peer: '127.0.0.1',
})

test('lines are kept in order over files of bounded size and number', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'vectron-audit-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'audit', 'audit.log')
  const onFailed = (error: unknown) => assert.fail(String(error))
  const options = { file, clock: systemClock, fileBytesMax: 1000, filesMax: 3, onFailed }
  for (let run = 0; run < 2; run++) {
    const log = openAuditLog(options)
    for (let number = 0; number < 20; number++) log.write(entry(`${run * 20 + number}`))
  }
  const names = readdirSync(join(folder, 'audit')).sort()
  assert.deepEqual(names, ['audit.log', 'audit.log.1', 'audit.log.2'])
  assert.equal(statSync(file).mode & 0o077, 0)
  const lines = [`${file}.2`, `${file}.1`, file].flatMap((name) =>
    readFileSync(name, 'utf8').trimEnd().split('\n'),
  )
  const ids = lines.map((line) => Number(JSON.parse(line).requestId))
  assert.equal(ids.at(-1), 39)
  ids.forEach((id, at) => {
    if (at > 0) assert.equal(id, (ids[at - 1] ?? 0) + 1)
  })
})
