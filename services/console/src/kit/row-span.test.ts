/** More rows than a browser lays out: the ends are reached, and places are found again. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isScaled, offsetAt, spanOf, topAt } from './row-span.ts'

test('the scrollbar covers all rows, first and last alike', () => {
  const view = 700
  for (const rows of [100, 34_000, 34_000_000, 3_400_000_000]) {
    const span = spanOf(rows, view)
    assert.equal(isScaled(span), rows > 15_000_000)
    assert.equal(offsetAt(span, 0), 0)
    assert.equal(offsetAt(span, span.element), Math.max(0, rows - view))
    for (const share of [0.1, 0.5, 0.99]) {
      const offset = share * Math.max(0, rows - view)
      assert.ok(Math.abs(offsetAt(span, topAt(span, offset)) - offset) < 0.01)
    }
  }
})
