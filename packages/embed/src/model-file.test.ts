/** Proves that a model is read back as it was written, and never when any byte of it is wrong. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { type EmbeddingModel, readModel, writeModel } from './model-file.ts'
import { createWordTable, findWord } from './word-table.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'vectron-model-'))
after(() => rmSync(folder, { recursive: true }))

const WORDS = ['the', 'dog', 'café', 'barks', '狗']
const MODEL: EmbeddingModel = {
  dimension: 2,
  table: createWordTable(WORDS),
  factors: Float32Array.from(WORDS, (_, row) => row + 0.5),
  codes: Int8Array.from({ length: 2 * WORDS.length }, (_, index) => index - 5),
  commonDirection: Float32Array.of(0.6, 0.8),
}

test('a model is read back as it was written', () => {
  const file = path.join(folder, 'deeper', 'a.model')
  writeModel(file, MODEL)
  const read = readModel(file)
  assert.ok(read)
  assert.deepEqual(
    WORDS.map((word) => findWord(read.table, word)),
    [0, 1, 2, 3, 4],
  )
  assert.equal(findWord(read.table, 'cat'), undefined)
  assert.deepEqual([...read.codes], [...MODEL.codes])
  assert.deepEqual([...read.factors], [...MODEL.factors])
  assert.deepEqual([...read.commonDirection], [...MODEL.commonDirection])
})

test('an absent, torn or altered file counts as absent', () => {
  const file = path.join(folder, 'b.model')
  assert.equal(readModel(file), undefined)
  writeModel(file, MODEL)
  const whole = readFileSync(file)
  for (let position = 0; position < whole.length; position += 1) {
    const altered = Buffer.from(whole)
    altered[position]! ^= 1
    writeFileSync(file, altered)
    assert.equal(readModel(file), undefined, `byte ${position} flipped`)
    writeFileSync(file, whole.subarray(0, position))
    assert.equal(readModel(file), undefined, `cut to ${position} bytes`)
  }
})

test('every word of a crowded table is found, and no other', () => {
  const words = Array.from({ length: 5000 }, (_, index) => `w${index}`)
  const table = createWordTable(words)
  assert.ok(words.every((word, row) => findWord(table, word) === row))
  assert.equal(findWord(table, 'w5000'), undefined)
  assert.equal(findWord(table, ''), undefined)
})
