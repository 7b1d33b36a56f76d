import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '@vectron/base'
import { RerankerBook } from './reranker-book.ts'

function bookAt(startMs: number) {
  let nowMs = startMs
  const clock = { monotonicUs: () => nowMs * 1000 } as Clock
  return { book: new RerankerBook(clock), pass: (ms: number) => (nowMs += ms) }
}

test('A new leader does not call its list complete until every instance must have announced itself.', () => {
  const { book, pass } = bookAt(1_000_000)
  book.note('b:1')
  pass(4_000)
  assert.deepEqual(book.known(), { addresses: ['b:1'], complete: false })
  book.note('a:1')
  book.note('b:1')
  pass(1_000)
  assert.deepEqual(book.known(), { addresses: ['a:1', 'b:1'], complete: true })
})

test('An instance is there while it announces itself, and gone at once when it says so.', () => {
  const { book, pass } = bookAt(0)
  pass(10_000)
  assert.deepEqual(book.known().addresses, [])
  for (const address of ['a:1', 'b:1', 'c:1']) book.note(address)
  book.remove('b:1')
  assert.deepEqual(book.known().addresses, ['a:1', 'c:1'])
  pass(5_000)
  book.note('c:1')
  pass(1)
  assert.deepEqual(book.known().addresses, ['c:1'])
})

test('Ever new addresses take no more memory than the bound.', () => {
  const { book, pass } = bookAt(0)
  pass(10_000)
  for (let port = 1; port <= 3_000; port++) book.note(`a:${port}`)
  assert.equal(book.known().addresses.length, 1_000)
})
