/** The machine's files do what the simulation's disk is a model of. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { systemDisk as disk, replaceFile } from './disk.ts'

const bytes = (text: string) => new Uint8Array(Buffer.from(text))
const text = (found: Uint8Array | undefined) => found && Buffer.from(found).toString()

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'vectron-disk-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

test('what is absent reads as nothing, and removing it is no error', async (t) => {
  const folder = temporaryFolder(t)
  assert.equal(await disk.read(join(folder, 'none')), undefined)
  assert.deepEqual(await disk.names(join(folder, 'none')), [])
  await disk.remove(join(folder, 'none'))
})

test('files are written, grown, renamed and removed with their folder', async (t) => {
  const folder = join(temporaryFolder(t), 'a', 'b')
  await disk.makeFolder(folder)
  await disk.write(join(folder, 'x'), bytes('one'))
  await disk.append(join(folder, 'x'), bytes(' two'))
  await disk.append(join(folder, 'y'), bytes('three'))
  await disk.sync(join(folder, 'x'))
  await disk.sync(folder)
  await disk.rename(join(folder, 'x'), join(folder, 'y'))
  assert.deepEqual(await disk.names(folder), ['y'])
  assert.equal(text(await disk.read(join(folder, 'y'))), 'one two')
  assert.ok((await disk.freeBytes(folder)) > 0)
  await disk.remove(folder)
  assert.deepEqual(await disk.names(folder), [])
})

test('a part of a file is read, and nothing beyond its end', async (t) => {
  const file = join(temporaryFolder(t), 'x')
  await disk.write(file, bytes('0123456789'))
  assert.equal(text(await disk.readPart(file, 2, 3)), '234')
  assert.equal(text(await disk.readPart(file, 8, 100)), '89')
  assert.equal((await disk.readPart(file, 10, 100)).length, 0)
})

test('a file is replaced whole, and its folder is made', async (t) => {
  const file = join(temporaryFolder(t), 'deep', 'file')
  await replaceFile(disk, file, bytes('old'))
  await replaceFile(disk, file, bytes('new'))
  assert.equal(text(await disk.read(file)), 'new')
  assert.deepEqual(await disk.names(join(file, '..')), ['file'])
})
