import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { create, toBinary } from '@bufbuild/protobuf'
import { logIndex, systemDisk } from '@vectron/base'
import { placement } from '@vectron/contracts'
import { CatalogMachine } from './catalog-machine.ts'

function temporaryFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'vectron-catalog-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return join(folder, 'catalog.snapshot')
}

const openMachine = (file: string) =>
  CatalogMachine.open({ file, disk: systemDisk, onApplied: () => {} })

function addWorker(index: bigint) {
  const value = create(placement.AddWorkerSchema, { address: `worker-${index}:1` })
  const command = create(placement.CatalogCommandSchema, {
    command: { case: 'addWorker', value },
  })
  const data = toBinary(placement.CatalogCommandSchema, command)
  return { index, term: 1n, kind: 'command' as const, data }
}

/** Carries a snapshot of `from` over to `to`, up to where it is prepared. */
async function sendSnapshot(from: CatalogMachine, to: CatalogMachine) {
  const snapshot = await from.takeSnapshot()
  const { appliedIndex: index, files } = snapshot
  const receiver = await to.receiveSnapshot({ index, files })
  for (const { name, bytes } of files) {
    for (let offset = 0; offset < bytes; offset += 7) {
      await receiver.write(name, await snapshot.read(name, offset, 7))
    }
  }
  return receiver
}

test('A snapshot carries the catalog to another member, before and after a crash.', async (t) => {
  const sender = await openMachine(temporaryFile(t))
  await sender.apply([addWorker(1n), addWorker(2n), addWorker(3n)])
  const file = temporaryFile(t)
  const receiver = await openMachine(file)
  await (await sendSnapshot(sender, receiver)).finish()
  assert.equal(receiver.appliedIndex, 0n)

  const restarted = await openMachine(file)
  assert.equal(restarted.appliedIndex, 0n)
  await restarted.installSnapshot(logIndex(3n))
  await restarted.installSnapshot(logIndex(3n))
  assert.deepEqual(restarted.catalog.snapshot(), sender.catalog.snapshot())
  assert.equal(restarted.durableIndex, 3n)
  assert.equal((await openMachine(file)).appliedIndex, 3n)
})

test('What is damaged, of another index or dropped is not installed.', async (t) => {
  const sender = await openMachine(temporaryFile(t))
  await sender.apply([addWorker(1n)])
  const receiver = await openMachine(temporaryFile(t))
  const damaged = await sendSnapshot(sender, receiver)
  await damaged.write('catalog.snapshot', new Uint8Array([1]))
  await assert.rejects(damaged.finish(), { reason: 'DATA_CORRUPT' })
  const whole = await sendSnapshot(sender, receiver)
  await whole.finish()
  await assert.rejects(receiver.installSnapshot(logIndex(2n)), { reason: 'DATA_CORRUPT' })
  await whole.abort()
  await assert.rejects(receiver.installSnapshot(logIndex(1n)), { reason: 'DATA_CORRUPT' })
  assert.equal(receiver.appliedIndex, 0n)
})
