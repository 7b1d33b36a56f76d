/** Proves that rows are cut out of the JSON text wherever a chunk ends. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GLOVE_DIMENSION, parseRows } from './glove-json.ts'

const WORDS = ['the', '"', ']', 'caf\u00e9', '\\']
const numbers = Array.from({ length: GLOVE_DIMENSION + 2 }, (_, index) => index / 4)
const TEXT = Buffer.from(
  `${WORDS.map((word) => `${JSON.stringify(word)}:${JSON.stringify(numbers)}`).join(',')}}`,
)

test('words with quotes, brackets and backslashes are whole; norm and rank are dropped', () => {
  const { rows, end } = parseRows(TEXT)
  assert.deepEqual(
    rows.map(({ word }) => word),
    WORDS,
  )
  assert.ok(rows.every(({ vector }) => vector.length === GLOVE_DIMENSION && vector[99] === 24.75))
  assert.equal(TEXT[end], '}'.charCodeAt(0))
})

test('cut at any byte, the two parts give the same rows', () => {
  for (let cut = 0; cut <= TEXT.length; cut += 1) {
    const first = parseRows(TEXT.subarray(0, cut))
    const second = parseRows(TEXT.subarray(first.end))
    const words = [...first.rows, ...second.rows].map(({ word }) => word)
    assert.deepEqual(words, WORDS, `cut at byte ${cut}`)
  }
})
