import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CircuitBreaker } from './circuit-breaker.ts'

function breakerAt() {
  let nowMs = 0
  const breaker = new CircuitBreaker({ monotonicUs: () => nowMs * 1000 })
  const fail = (times: number) => {
    for (let i = 0; i < times; i++) {
      assert.ok(breaker.enter())
      breaker.failed()
    }
  }
  return { breaker, fail, pass: (ms: number) => (nowMs += ms) }
}

test('Five failures in a row open it; a success between them starts the count anew.', () => {
  const { breaker, fail } = breakerAt()
  fail(4)
  assert.ok(breaker.enter())
  breaker.succeeded()
  fail(4)
  assert.equal(breaker.state, 'closed')
  fail(1)
  assert.equal(breaker.state, 'open')
  assert.equal(breaker.enter(), false)
})

test('After the pause one call alone probes; its success closes, its failure doubles the pause.', () => {
  const { breaker, fail, pass } = breakerAt()
  fail(5)
  pass(999)
  assert.equal(breaker.enter(), false)
  pass(1)
  assert.ok(breaker.enter())
  assert.equal(breaker.state, 'half-open')
  assert.equal(breaker.enter(), false)
  breaker.failed()
  pass(1_999)
  assert.equal(breaker.enter(), false)
  pass(1)
  assert.ok(breaker.enter())
  breaker.succeeded()
  assert.equal(breaker.state, 'closed')
  assert.ok(breaker.enter())
})

test('The pause has an end, however often the probe fails.', () => {
  const { breaker, fail, pass } = breakerAt()
  fail(5)
  for (let probe = 0; probe < 20; probe++) {
    pass(30_000)
    fail(1)
  }
  pass(30_000)
  assert.ok(breaker.enter())
})

test('A probe whose caller left leaves the place to the next call.', () => {
  const { breaker, fail, pass } = breakerAt()
  fail(5)
  pass(1_000)
  assert.ok(breaker.enter())
  breaker.abandoned()
  assert.ok(breaker.enter())
})

test('Calls that began before it opened do not close it.', () => {
  const { breaker, fail } = breakerAt()
  assert.ok(breaker.enter())
  fail(5)
  breaker.succeeded()
  assert.equal(breaker.state, 'open')
})
