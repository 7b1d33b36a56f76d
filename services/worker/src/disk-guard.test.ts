import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createLogger, systemClock, systemDisk } from '@vectron/base'
import { DiskGuard, decideRoom } from './disk-guard.ts'

test('Writes stop below the reserve and come back only well above it.', () => {
  assert.equal(decideRoom('enough', 100, 100).kind, 'enough')
  assert.deepEqual(decideRoom('enough', 99, 100), { kind: 'short', freeBytes: 99 })
  assert.equal(decideRoom('short', 110, 100).kind, 'short')
  assert.equal(decideRoom('short', 125, 100).kind, 'enough')
})

async function guardOf(t: TestContext, reserveBytes: number): Promise<DiskGuard> {
  const folder = mkdtempSync(join(tmpdir(), 'vectron-guard-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const logger = createLogger({ name: 'test', write: () => {} })
  const [clock, disk] = [systemClock, systemDisk]
  const guard = await DiskGuard.open({ folder, reserveBytes, disk, clock, logger })
  t.after(() => guard.close())
  return guard
}

test('A disk that never has the reserve refuses from the start, with the folder and the figures.', async (t) => {
  const guard = await guardOf(t, Number.MAX_SAFE_INTEGER)
  assert.throws(() => guard.checkRoom(), {
    reason: 'DISK_FULL',
    message: /vectron-guard-.* MiB free; writes need \d+ MiB/,
    retryAfterMs: 1000,
  })
  ;(await guardOf(t, 1)).checkRoom()
})
