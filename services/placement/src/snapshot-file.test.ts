import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { isVectronError } from '@vectron/base'
import { placement } from '@vectron/contracts'
import { readSnapshot, writeSnapshot } from './snapshot-file.ts'

function temporaryFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'vectron-catalog-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return join(folder, 'placement', 'catalog.snapshot')
}

const state = create(placement.CatalogStateSchema, { clusterId: 'c', appliedIndex: 7n })

test('A snapshot is read back as it was written; without one there is nothing.', async (t) => {
  const file = temporaryFile(t)
  assert.equal(await readSnapshot(file), undefined)
  await writeSnapshot(file, state)
  await writeSnapshot(file, create(placement.CatalogStateSchema, { ...state, appliedIndex: 8n }))
  assert.equal((await readSnapshot(file))?.appliedIndex, 8n)
})

test('Any flipped byte of a snapshot is found, and the file is named.', async (t) => {
  const file = temporaryFile(t)
  await writeSnapshot(file, state)
  const sound = readFileSync(file)
  for (let at = 0; at < sound.length; at++) {
    const damaged = Buffer.from(sound)
    damaged[at] = (damaged[at] ?? 0) ^ 0x40
    writeFileSync(file, damaged)
    await assert.rejects(readSnapshot(file), (error) => {
      assert.ok(isVectronError(error))
      assert.match(error.reason, /DATA_CORRUPT|INCOMPATIBLE_DATA/)
      assert.ok(error.message.includes(file))
      return true
    })
  }
})
