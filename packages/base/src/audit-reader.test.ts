import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openAuditLog } from './audit-log.ts'
import { type AuditPageOptions, readAuditPage } from './audit-reader.ts'
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

const ALL: Omit<AuditPageOptions, 'file'> = {
  before: '',
  entriesMax: 7,
  bytesMax: 1 << 20,
  since: '',
  isWanted: () => true,
}

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
  const isWanted = ({ result }: { readonly result: string }) => result === 'FORBIDDEN'
  const refused = await readAuditPage({ ...ALL, file, entriesMax: 100, isWanted })
  assert.equal(refused.entries.length, 20)
  assert.equal(refused.next, '')
  const short = await readAuditPage({ ...ALL, file, entriesMax: 100, bytesMax: 1000 })
  assert.ok(short.entries.length > 0 && short.entries.length < 20)
  assert.notEqual(short.next, '')
  const future = new Date(Date.now() + 60_000).toISOString()
  const none = await readAuditPage({ ...ALL, file, since: future })
  assert.deepEqual(none, { entries: [], next: '' })
})

test('lines longer than what is read at once are whole, torn ones left out', async (t) => {
  const { file, write } = openLog(t, 1 << 24)
  write(1)
  appendFileSync(file, '{"time":"2026-11-28T00:00:00Z","act')
  appendFileSync(file, `\n${JSON.stringify({ time: '2026', requestId: 'x'.repeat(700_000) })}\n`)
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
  })
})
