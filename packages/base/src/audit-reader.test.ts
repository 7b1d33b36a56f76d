import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type AuditFilter, isWanted } from './audit-filter.ts'
import { openAuditLog } from './audit-log.ts'
import { type AuditPageQuery, readAuditPage } from './audit-reader.ts'
import { systemClock } from './clock.ts'

function openLog(t: TestContext, fileBytesMax: number) {
  const folder = mkdtempSync(join(tmpdir(), 'vectron-audit-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'audit.log')
  const onFailed = (error: unknown) => assert.fail(String(error))
  const log = openAuditLog({ file, clock: systemClock, fileBytesMax, filesMax: 50, onFailed })
  let count = 0
  const write = (entries: number) => {
    for (let left = entries; left > 0; left--) {
      const [result, project] = [count % 3 === 0 ? 'FORBIDDEN' : 'ok', 'default']
      const common = { actor: 'k1', subject: 'bücher', peer: '127.0.0.1' }
      log.write({ action: 'key.create', project, result, requestId: `${count++}`, ...common })
    }
  }
  return { file, write }
}

const ANY: AuditFilter = {
  project: undefined,
  actor: '',
  action: '',
  subject: '',
  result: '',
  since: '',
  until: '',
}
const ALL: AuditPageQuery = { before: '', entriesMax: 7, bytesMax: 1 << 20, filter: ANY }

test('pages tell every line once, newest first, over files that are put aside meanwhile', async (t) => {
  for (const fileBytesMax of [1000, 1 << 20]) {
    const { file, write } = openLog(t, fileBytesMax)
    write(60)
    const ids: number[] = []
    let before = ''
    do {
      const page = await readAuditPage({ ...ALL, file, before })
      ids.push(...page.entries.map(({ requestId }) => Number(requestId)))
      before = page.next
      write(5)
    } while (before !== '')
    assert.deepEqual(
      ids,
      Array.from({ length: 60 }, (_, at) => 59 - at),
    )
  }
})

test('a page finds what is wanted, and ends at its bounds', async (t) => {
  const { file, write } = openLog(t, 1 << 20)
  write(60)
  const filter = { ...ANY, result: 'refused' }
  const refused = await readAuditPage({ ...ALL, file, entriesMax: 100, filter })
  assert.equal(refused.entries.length, 20)
  assert.equal(refused.next, '')
  const short = await readAuditPage({ ...ALL, file, entriesMax: 100, bytesMax: 1000 })
  assert.ok(short.entries.length > 0 && short.entries.length < 20)
  assert.notEqual(short.next, '')
  const future = new Date(Date.now() + 60_000).toISOString()
  const none = await readAuditPage({ ...ALL, file, filter: { ...ANY, since: future } })
  assert.deepEqual([none.entries, none.next], [[], ''])
})

test('whoever goes on after any entry of a page misses none and sees none twice', async (t) => {
  const { file, write } = openLog(t, 1000)
  write(30)
  const { entries, scannedTo } = await readAuditPage({ ...ALL, file, entriesMax: 100 })
  assert.equal(scannedTo, entries.at(-1)?.time)
  for (const [at, { position }] of entries.entries()) {
    const rest = await readAuditPage({ ...ALL, file, entriesMax: 100, before: position })
    assert.deepEqual(rest.entries, entries.slice(at + 1))
  }
})

test('a filter tells projects, people, parts of names, results and times apart', () => {
  const time = '2026-11-28T10:00:00.000Z'
  const common = { actor: 'u1', peer: '', requestId: '' }
  const entry = { ...common, time, action: 'key.create', project: 'p', subject: 'K7', result: 'ok' }
  const later = '2026-11-28T10:00:00.001Z'
  const agrees: readonly Partial<AuditFilter>[] = [
    ...[{}, { project: 'p' }, { actor: 'u1' }, { action: 'KEY' }, { subject: 'k7' }],
    ...[{ result: 'ok' }, { since: time }, { until: time }],
  ]
  const differs: readonly Partial<AuditFilter>[] = [
    ...[{ project: '' }, { actor: 'u' }, { action: 'revoke' }, { subject: 'K8' }],
    ...[{ result: 'refused' }, { since: later }, { until: '2026-11-28T09:59:59.999Z' }],
  ]
  for (const part of agrees) {
    assert.ok(isWanted(entry, { ...ANY, ...part }), JSON.stringify(part))
  }
  for (const part of differs) {
    assert.ok(!isWanted(entry, { ...ANY, ...part }), JSON.stringify(part))
  }
})

test('lines longer than what is read at once are whole, torn ones left out', async (t) => {
  const { file, write } = openLog(t, 1 << 24)
  write(1)
  appendFileSync(file, '{"time":"2026-11-28T00:00:00Z","act')
  const long = { time: '2026', action: 'a', subject: '', requestId: 'x'.repeat(700_000) }
  appendFileSync(file, `\n{"time":"2026"}\n${JSON.stringify(long)}\n`)
  write(1)
  const { entries } = await readAuditPage({ ...ALL, file })
  assert.deepEqual(
    entries.map(({ requestId }) => requestId.length),
    [1, 700_000, 1],
  )
})

test('where there is no file there are no entries', async () => {
  assert.deepEqual(await readAuditPage({ ...ALL, file: '/nowhere/audit.log' }), {
    entries: [],
    next: '',
    scannedTo: '',
  })
})
