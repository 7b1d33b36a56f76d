/**
 * A power cut: the data folder lies on an ext4 of its own that is shut down under load without
 * flushing its journal, so that whatever was not fsynced is gone. Nothing acknowledged may be lost.
 *
 * The control run does the same with fsync made a no-op (libeatmydata) and must lose writes: a
 * harness that loses nothing there would prove nothing here.
 */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type Random, seededRandom, testSeed } from '@vectron/base'
import { StartRefused, VectronProcess, WriteLedger } from '@vectron/testkit'
import { LoopDisk } from './loop-disk.ts'
import { checkAgainstLedger, createCollection, writeUntilDeath } from './workload.ts'

const CYCLES = 5
const DISK_MIB = 1024
const EATMYDATA = [
  '/usr/lib/x86_64-linux-gnu/libeatmydata.so',
  '/usr/lib/aarch64-linux-gnu/libeatmydata.so',
]
const skip = process.getuid?.() === 0 ? false : 'mounting a file system needs root'

test('a power cut loses no acknowledged write', { skip }, async (t) => {
  const { disk, random } = await setUp(t)
  const ledger = new WriteLedger()
  for (let cycle = 0; cycle < CYCLES; cycle++) {
    await cutPowerUnderLoad({ disk, random, ledger, env: {} })
    const server = await VectronProcess.start({ data: dataOn(disk) })
    ledger.settle(await checkAgainstLedger(server, ledger))
    await server.stop()
  }
  assert.ok(ledger.acknowledgedCount() > 100, 'too little was written to prove anything')
})

test('the same without fsync does lose writes, so the harness can tell', { skip }, async (t) => {
  const library = EATMYDATA.find((file) => existsSync(file))
  assert.ok(library, 'libeatmydata is missing: apt-get install libeatmydata1')
  const { disk, random } = await setUp(t)
  const ledger = new WriteLedger()
  await cutPowerUnderLoad({ disk, random, ledger, env: { LD_PRELOAD: library } })
  await assert.rejects(async () => {
    const server = await VectronProcess.start({ data: dataOn(disk) })
    try {
      await createCollection(server)
      await checkAgainstLedger(server, ledger)
    } finally {
      await server.kill()
    }
  }, isLoss)
})

/** Lost points fail an assertion; a folder that is lost whole may not even start. */
function isLoss(error: unknown): boolean {
  return error instanceof assert.AssertionError || error instanceof StartRefused
}

async function setUp(t: TestContext): Promise<{ disk: LoopDisk; random: Random }> {
  const seed = testSeed()
  t.diagnostic(`replay with VECTRON_SEED=${seed} npm test -- tests/faults/power-cut.test.ts`)
  const folder = await mkdtemp(path.join(tmpdir(), 'vectron-power-cut-'))
  const disk = await LoopDisk.create(folder, DISK_MIB)
  t.after(async () => {
    disk.unmount()
    await rm(folder, { recursive: true, force: true })
  })
  return { disk, random: seededRandom(seed) }
}

function dataOn(disk: LoopDisk): string {
  return path.join(disk.mountPoint, 'data')
}

/** Writes for a random while, cuts the power, and comes back with the disk as it was then. */
async function cutPowerUnderLoad(options: {
  disk: LoopDisk
  random: Random
  ledger: WriteLedger
  env: Record<string, string>
}): Promise<void> {
  const { disk, random, ledger, env } = options
  const server = await VectronProcess.start({ data: dataOn(disk), env })
  await createCollection(server)
  const writers = [0, 1].map((i) =>
    writeUntilDeath({
      server,
      ledger,
      random: seededRandom(random.nextU64()),
      idsFrom: i * 2000,
      idsCount: 2000,
      batchSize: 50,
    }).catch(ignoreRefusalByDeadDisk),
  )
  await delay(300 + random.nextBelow(1500))
  disk.cutPower()
  await server.kill()
  await Promise.all(writers)
  disk.remount()
}

/** Between the cut and the kill the server may still refuse a write; that is its duty. */
function ignoreRefusalByDeadDisk(error: unknown): void {
  if (!(error instanceof assert.AssertionError)) throw error
}
