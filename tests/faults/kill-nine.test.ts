/**
 * kill -9 during ingest, 20 cycles on one data folder: every acknowledged point is there with its
 * last value and its own vector, searches find it, and in the end recall is that of a collection
 * loaded without any fault.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { seededRandom, testSeed } from '@vectron/base'
import { VectronProcess, WriteLedger } from '@vectron/testkit'
import {
  COLLECTION,
  checkAgainstLedger,
  checkSearchFinds,
  createCollection,
  measureRecall,
  vectorOf,
  waitUntilIndexed,
  writeUntilDeath,
} from './workload.ts'

const CYCLES = 20
const WRITERS = 4
const IDS_PER_WRITER = 4000
const RECALL_QUERIES = 200

test(`kill -9 during ingest, ${CYCLES} cycles, loses no acknowledged write`, async (t) => {
  const seed = testSeed()
  t.diagnostic(`replay with VECTRON_SEED=${seed} npm test -- tests/faults/kill-nine.test.ts`)
  const random = seededRandom(seed)
  const folder = await mkdtemp(path.join(tmpdir(), 'vectron-kill-nine-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const data = path.join(folder, 'data')
  const ledger = new WriteLedger()
  for (let cycle = 0; cycle < CYCLES; cycle++) {
    const server = await VectronProcess.start({ data })
    t.after(() => server.kill())
    await createCollection(server)
    const found = await checkAgainstLedger(server, ledger)
    ledger.settle(found)
    if (found.size > 0) await checkSearchFinds(server, found, random, 10)
    const writers = Array.from({ length: WRITERS }, (_, i) =>
      writeUntilDeath({
        server,
        ledger,
        random: seededRandom(random.nextU64()),
        idsFrom: i * IDS_PER_WRITER,
        idsCount: IDS_PER_WRITER,
        batchSize: 50,
      }),
    )
    await delay(200 + random.nextBelow(1200))
    await server.kill()
    await Promise.all(writers)
  }
  assert.ok(ledger.acknowledgedCount() > 1000, 'the writers wrote too little to prove anything')
  await compareRecall({ data, control: path.join(folder, 'control'), ledger, seed })
})

/** The folder that was killed 20 times answers as well as one that never was. */
async function compareRecall(options: {
  data: string
  control: string
  ledger: WriteLedger
  seed: bigint
}): Promise<void> {
  const server = await VectronProcess.start({ data: options.data })
  const found = await checkAgainstLedger(server, options.ledger)
  const recall = await recallOf(server, options.seed)
  assert.equal(await server.stop(), 0)

  const control = await VectronProcess.start({ data: options.control })
  await createCollection(control)
  const points = [...found].map(([id, value]) => ({
    id,
    vector: vectorOf(id, value),
    payload: { value },
  }))
  for (let from = 0; from < points.length; from += 1000) {
    const body = { points: points.slice(from, from + 1000) }
    const route = `/v1/collections/${COLLECTION}/points:upsert`
    assert.equal((await control.request('POST', route, body)).status, 200)
  }
  const controlRecall = await recallOf(control, options.seed)
  assert.equal(await control.stop(), 0)
  assert.ok(recall > controlRecall - 0.01, `recall ${recall}, without faults ${controlRecall}`)
}

async function recallOf(server: VectronProcess, seed: bigint): Promise<number> {
  await waitUntilIndexed(server)
  return await measureRecall(server, seededRandom(seed), RECALL_QUERIES)
}
