/**
 * Proves on a model of a server, which does one call after the other at a given speed, that the
 * gate keeps it busy and its answers in time, whatever it is offered.
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMetrics } from '@vectron/base'
import { SimClock } from '@vectron/testkit'
import { LoadGate } from './load-gate.ts'

const EXPECTED_MS = 1000

class ModelServer {
  readonly clock = new SimClock()
  readonly gate: LoadGate
  readonly #callMs: number
  #freeAtUs = 0
  readonly latenciesMs: number[] = []
  refused = 0

  constructor({ perSecond }: { readonly perSecond: number }) {
    this.#callMs = 1000 / perSecond
    const { clock } = this
    this.gate = new LoadGate({ expectedMsMax: EXPECTED_MS, clock, metrics: createMetrics() })
  }

  call(): void {
    let admitted: ReturnType<LoadGate['enter']>
    try {
      admitted = this.gate.enter()
    } catch {
      this.refused++
      return
    }
    const nowUs = this.clock.monotonicUs()
    this.#freeAtUs = Math.max(nowUs, this.#freeAtUs) + this.#callMs * 1000
    this.clock.setTimer((this.#freeAtUs - nowUs) / 1000, () => {
      this.latenciesMs.push((this.clock.monotonicUs() - nowUs) / 1000)
      admitted.end('answered')
    })
  }

  /** Calls come evenly, whatever becomes of those before. */
  async offer(perSecond: number, seconds: number): Promise<void> {
    for (let at = 0; at < perSecond * seconds; at++) {
      this.call()
      await this.clock.advance(1000 / perSecond)
    }
  }
}

for (const perSecond of [20, 200, 2000]) {
  test(`At twice what it can do, ${perSecond} a second, it does what it can, in time.`, async () => {
    const server = new ModelServer({ perSecond })
    await server.offer(2 * perSecond, 10)
    assert.ok(server.latenciesMs.length > 0.9 * 10 * perSecond, `${server.latenciesMs.length}`)
    // Slow servers have the calls that are always let in before them.
    const boundMs = Math.max(1.3 * EXPECTED_MS, (1.1 * 32 * 1000) / perSecond)
    assert.ok(Math.max(...server.latenciesMs) <= boundMs, `${Math.max(...server.latenciesMs)} ms`)
    assert.ok(server.refused > 0)
  })
}

test('Below what it can do nothing is refused.', async () => {
  const server = new ModelServer({ perSecond: 500 })
  await server.offer(450, 10)
  assert.equal(server.refused, 0)
})

test('A burst after a quiet time passes, if it can be answered in time.', async () => {
  const server = new ModelServer({ perSecond: 1000 })
  await server.offer(5, 20)
  for (let at = 0; at < 500; at++) server.call()
  await server.clock.advance(5000)
  assert.equal(server.refused, 0)
})

test('Of calls that never end as many are under way as may be, and others are refused.', async () => {
  const server = new ModelServer({ perSecond: 1000 })
  await server.offer(5, 5)
  const { gate } = server
  let admitted = 0
  for (let at = 0; at < 10_000; at++) {
    try {
      gate.enter()
      admitted++
    } catch {
      break
    }
  }
  assert.equal(admitted, gate.limit)
  assert.throws(() => gate.enter(), { reason: 'OVERLOADED' })
})

test('Calls that fail tell nothing of how much can be done.', async () => {
  const server = new ModelServer({ perSecond: 100 })
  await server.offer(50, 5)
  const { limit } = server.gate
  for (let at = 0; at < 10_000; at++) server.gate.enter().end('failed')
  assert.equal(server.gate.limit, limit)
})
