import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '@vectron/base'
import { GatewayBook } from './gateway-book.ts'

function bookAt(startMs: number) {
  let nowMs = startMs
  const clock = { monotonicUs: () => nowMs * 1000 } as Clock
  return { book: new GatewayBook(clock), pass: (ms: number) => (nowMs += ms) }
}

test('A new leader says nothing until every gateway that lives must have asked.', () => {
  const { book, pass } = bookAt(1_000_000)
  book.note(1n)
  assert.equal(book.count(), 0)
  pass(9_000)
  book.note(1n)
  book.note(2n)
  assert.equal(book.count(), 0)
  pass(1_000)
  assert.equal(book.count(), 2)
})

test('Gateways are counted while they ask, each once.', () => {
  const { book, pass } = bookAt(0)
  pass(20_000)
  assert.equal(book.count(), 0)
  for (let second = 0; second < 30; second++) {
    book.note(1n)
    if (second < 10) book.note(2n)
    pass(1_000)
    assert.equal(book.count(), second < 19 ? 2 : 1, `second ${second}`)
  }
})

test('Strangers that draw ever new numbers take no more memory than the bound.', () => {
  const { book, pass } = bookAt(0)
  pass(20_000)
  for (let id = 1n; id <= 30_000n; id++) book.note(id)
  assert.equal(book.count(), 10_000)
})
