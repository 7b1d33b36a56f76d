/**
 * A full disk (a small tmpfs): writes are refused with DISK_FULL, reads and searches go on,
 * nothing acknowledged is lost, deletes still work, and writes resume when there is room.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { seededRandom, testSeed } from '@vectron/base'
import { VectronProcess, WriteLedger } from '@vectron/testkit'
import {
  COLLECTION,
  checkAgainstLedger,
  checkSearchFinds,
  createCollection,
  type Refusal,
  type WriterOptions,
  writeBatch,
} from './workload.ts'

const DISK_MIB = 512
/** Taken by a file of ours, and given back later. */
const FILLER_MIB = 320
const BATCHES_MAX = 5000
const skip = process.getuid?.() === 0 ? false : 'mounting a tmpfs needs root'

test('a full disk refuses writes, goes on reading, and resumes', { skip }, async (t) => {
  const seed = testSeed()
  t.diagnostic(`replay with VECTRON_SEED=${seed} npm test -- tests/faults/disk-full.test.ts`)
  const random = seededRandom(seed)
  const disk = await mkdtemp(path.join(tmpdir(), 'vectron-disk-full-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'tmpfs', disk])
  let server: VectronProcess | undefined
  t.after(async () => {
    // A running server keeps the file system busy.
    await server?.kill()
    execFileSync('umount', [disk])
    await rm(disk, { recursive: true, force: true })
  })
  const filler = path.join(disk, 'filler')
  await writeFile(filler, Buffer.alloc(FILLER_MIB * 2 ** 20, 1))
  const data = path.join(disk, 'data')
  const ledger = new WriteLedger()
  server = await VectronProcess.start({ data })
  await createCollection(server)
  const writer = { server, ledger, random, idsFrom: 0, idsCount: 1_000_000, batchSize: 500 }

  const refusal = await writeUntilRefused(writer)
  assert.equal(refusal.reason, 'DISK_FULL', JSON.stringify(refusal))
  assert.match(refusal.detail, /free|room|space/i)
  const found = await checkAgainstLedger(server, ledger)
  await checkSearchFinds(server, found, random, 20)
  await deleteOne(server, ledger, found)

  await truncate(filler, 0)
  assert.equal(await writeUntilAccepted(writer), undefined)
  ledger.settle(await checkAgainstLedger(server, ledger))

  await server.kill()
  server = await VectronProcess.start({ data })
  await checkAgainstLedger(server, ledger)
})

async function writeUntilRefused(writer: WriterOptions): Promise<Refusal> {
  for (let batch = 0; batch < BATCHES_MAX; batch++) {
    const refusal = await writeBatch(writer)
    if (refusal !== undefined) return refusal
  }
  throw new Error('the disk never became full')
}

/** Room is noticed within seconds, not at once. */
async function writeUntilAccepted(writer: WriterOptions): Promise<Refusal | undefined> {
  let refusal: Refusal | undefined
  for (let attempt = 0; attempt < 50; attempt++) {
    refusal = await writeBatch(writer)
    if (refusal === undefined) return undefined
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  return refusal
}

/** What frees space must work when there is none. */
async function deleteOne(
  server: VectronProcess,
  ledger: WriteLedger,
  found: Map<string, number>,
): Promise<void> {
  const [id] = found.keys()
  assert.ok(id !== undefined)
  const route = `/v1/collections/${COLLECTION}/points:delete`
  const answer = await server.request('POST', route, { ids: [id] })
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  assert.equal(answer.body.affected, 1)
  found.delete(id)
  ledger.settle(found)
}
