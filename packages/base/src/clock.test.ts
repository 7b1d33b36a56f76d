// Proves that a moment has the day of its own, whatever was asked before.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utcDay } from './clock.ts'

test('the day of a moment changes at midnight of UTC, forwards and back', () => {
  const midnight = Date.UTC(2026, 10, 29)
  assert.equal(utcDay(midnight - 1), '2026-11-28')
  assert.equal(utcDay(midnight), '2026-11-29')
  assert.equal(utcDay(midnight + 1), '2026-11-29')
  assert.equal(utcDay(midnight - 1), '2026-11-28')
  assert.equal(utcDay(0), '1970-01-01')
})
