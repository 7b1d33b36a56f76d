import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '@vectron/base'
import { LocalRateCounter } from './rate-limits.ts'

function counterAmong(gateways: () => number) {
  let nowMs = 0
  const clock = { monotonicUs: () => nowMs * 1000 } as Clock
  const counter = new LocalRateCounter(clock, gateways)
  const allowedOf = (requests: number, perSecond: number) =>
    Array.from({ length: requests }, () => counter.take('p', perSecond)).filter(
      ({ allowed }) => allowed,
    ).length
  return { counter, allowedOf, pass: (ms: number) => (nowMs += ms) }
}

test('A gateway allows its share, and a new one when others come or go.', () => {
  let gateways = 4
  const { allowedOf, pass } = counterAmong(() => gateways)
  assert.equal(allowedOf(100, 40), 10)
  pass(1000)
  gateways = 1
  assert.equal(allowedOf(100, 40), 40)
  pass(500)
  assert.equal(allowedOf(100, 40), 20)
  gateways = 8
  pass(10_000)
  assert.equal(allowedOf(100, 40), 5)
})

test('A share of less than one request a second allows one now and then, and says when.', () => {
  const { counter, pass } = counterAmong(() => 4)
  assert.equal(counter.take('p', 1).allowed, true)
  const { allowed, retryAfterMs } = counter.take('p', 1)
  assert.deepEqual([allowed, retryAfterMs], [false, 4000])
  pass(3999)
  assert.equal(counter.take('p', 1).allowed, false)
  pass(1)
  assert.equal(counter.take('p', 1).allowed, true)
})
