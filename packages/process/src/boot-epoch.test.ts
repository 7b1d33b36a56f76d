import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemDisk as disk, isVectronError, systemClock } from '@vectron/base'
import { nextBootEpoch } from './boot-epoch.ts'

test('A boot epoch grows with each start, also when the clock was set back.', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'vectron-epoch-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const startAt = (nowMs: number) =>
    nextBootEpoch({ folder, disk, clock: { ...systemClock, nowMs: () => nowMs } })
  assert.equal(await startAt(1000), 1000n)
  assert.equal(await startAt(1000), 1001n)
  assert.equal(await startAt(5), 1002n)
  assert.equal(await startAt(2000), 2000n)
  writeFileSync(join(folder, 'boot-epoch'), 'no number')
  await assert.rejects(startAt(3000), (error) => isVectronError(error, 'DATA_CORRUPT'))
})
