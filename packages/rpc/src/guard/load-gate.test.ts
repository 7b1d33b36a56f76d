/**
 * Proves on models of servers that the gate keeps them busy and their answers in time, whatever
 * they are offered: one that does one call after the other at a given speed, and one whose calls
 * take long without keeping each other waiting.
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SimClock } from '@vectron/testkit'
import { LoadGate } from './load-gate.ts'
import { TurnLine } from './turn-line.ts'

const QUEUE_MS = 500
/** Calls that are always let in. */
const FEW = 32

abstract class ModelServer {
  readonly clock = new SimClock()
  readonly latenciesMs: number[] = []
  refused = 0
  readonly gate = new LoadGate({
    queueMsMax: QUEUE_MS,
    clock: this.clock,
    line: new TurnLine(setImmediate),
    onRefused: () => {
      this.refused++
    },
  })

  /** Microseconds until a call that comes now is answered. */
  abstract answerAfterUs(nowUs: number): number

  call(remainingMs = Infinity): void {
    if (this.gate.whyFull(remainingMs) !== undefined) return
    const admitted = this.gate.enter(remainingMs)
    const nowUs = this.clock.monotonicUs()
    this.clock.setTimer(this.answerAfterUs(nowUs) / 1000, () => {
      this.latenciesMs.push((this.clock.monotonicUs() - nowUs) / 1000)
      admitted.end('answered')
    })
  }

  /** Calls come evenly, whatever becomes of those before. */
  async offer(perSecond: number, seconds: number, remainingMs = Infinity): Promise<void> {
    for (let at = 0; at < perSecond * seconds; at++) {
      this.call(remainingMs)
      await this.clock.advance(1000 / perSecond)
    }
  }
}

class OneByOne extends ModelServer {
  readonly #callUs: number
  #freeAtUs = 0

  constructor({ perSecond }: { readonly perSecond: number }) {
    super()
    this.#callUs = 1_000_000 / perSecond
  }

  answerAfterUs(nowUs: number): number {
    this.#freeAtUs = Math.max(nowUs, this.#freeAtUs) + this.#callUs
    return this.#freeAtUs - nowUs
  }
}

class AllAtOnce extends ModelServer {
  readonly #callUs: number

  constructor({ callMs }: { readonly callMs: number }) {
    super()
    this.#callUs = callMs * 1000
  }

  answerAfterUs(): number {
    return this.#callUs
  }
}

for (const perSecond of [20, 200, 2000]) {
  test(`At twice what it can do, ${perSecond} a second, it does what it can, in time.`, async () => {
    const server = new OneByOne({ perSecond })
    await server.offer(2 * perSecond, 10)
    assert.ok(server.latenciesMs.length > 0.9 * 10 * perSecond, `${server.latenciesMs.length}`)
    // Slow servers have the few before them that are always let in.
    const boundMs = 1.3 * (QUEUE_MS + (FEW * 1000) / perSecond)
    assert.ok(Math.max(...server.latenciesMs) <= boundMs, `${Math.max(...server.latenciesMs)} ms`)
    assert.ok(server.refused > 0)
  })
}

test('A server that becomes slower lets fewer in.', async () => {
  const server = new OneByOne({ perSecond: 1000 })
  await server.offer(900, 5)
  const { limit } = server.gate
  const slow = new OneByOne({ perSecond: 100 })
  server.answerAfterUs = (nowUs) => slow.answerAfterUs(nowUs)
  await server.offer(900, 10)
  assert.ok(server.gate.limit < limit / 5, `${server.gate.limit}, ${limit} before`)
})

test('Below what it can do nothing is refused.', async () => {
  const server = new OneByOne({ perSecond: 500 })
  await server.offer(450, 10)
  assert.equal(server.refused, 0)
})

test('A burst after a quiet time passes, if it can be answered in time.', async () => {
  const server = new OneByOne({ perSecond: 1000 })
  await server.offer(5, 20)
  for (let at = 0; at < 400; at++) server.call()
  await server.clock.advance(5000)
  assert.equal(server.refused, 0)
})

test('Calls that take long without waiting for each other are not refused for long.', async () => {
  const server = new AllAtOnce({ callMs: 300 })
  await server.offer(10, 10)
  // More than the few, of whom none was answered within the last second: that has to be learnt.
  await server.offer(1000, 5)
  const { refused } = server
  await server.offer(1000, 10)
  assert.equal(server.refused, refused)
})

test('Whose caller waits less long is refused sooner.', async () => {
  const server = new OneByOne({ perSecond: 1000 })
  await server.offer(2000, 5, 100)
  assert.ok(server.refused > 0)
  assert.ok(Math.max(...server.latenciesMs.slice(-1000)) < 130)
  assert.equal(server.gate.whyFull(Infinity), undefined)
})

test('Of calls that never end as many are under way as may be, and others are refused.', async () => {
  const server = new OneByOne({ perSecond: 1000 })
  await server.offer(5, 5)
  const { gate } = server
  const { limit } = gate
  for (let at = 0; at < limit; at++) gate.enter(Infinity)
  assert.equal(gate.inFlight, limit)
  assert.throws(() => gate.enter(Infinity), { reason: 'OVERLOADED', retryAfterMs: 1000 })
})

test('Calls that fail tell nothing of how much can be done.', async () => {
  const server = new OneByOne({ perSecond: 100 })
  await server.offer(50, 5)
  const { limit } = server.gate
  for (let at = 0; at < 10_000; at++) server.gate.enter(Infinity).end('failed')
  assert.equal(server.gate.limit, limit)
})
