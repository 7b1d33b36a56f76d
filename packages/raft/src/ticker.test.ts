/** Ticks follow the clock, and a stall is not answered with a burst. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '@vectron/base'
import { Ticker } from './ticker.ts'

/** A clock that fires one timer at a time. */
class HandClock implements Clock {
  us = 0
  #fire: (() => void) | undefined
  delayMs = 0

  nowMs(): number {
    return this.us / 1000
  }

  monotonicUs(): number {
    return this.us
  }

  setTimer(delayMs: number, fire: () => void): () => void {
    this.delayMs = delayMs
    this.#fire = fire
    return () => {
      this.#fire = undefined
    }
  }

  /** Fires the timer `lateMs` after it was due; false when there is none. */
  fire(lateMs = 0): boolean {
    this.us += (this.delayMs + lateMs) * 1000
    const fire = this.#fire
    this.#fire = undefined
    fire?.()
    return fire !== undefined
  }
}

test('one tick for each interval; two after a stall, behind what arrived meanwhile', () => {
  const clock = new HandClock()
  let ticks = 0
  const ticker = new Ticker({
    clock,
    tickMs: 100,
    tick: () => {
      ticks += 1
    },
  })
  for (let round = 0; round < 5; round++) clock.fire()
  assert.equal(ticks, 5)
  clock.fire(5000)
  assert.equal(ticks, 5, 'sockets are read before the clock moves')
  assert.equal(clock.delayMs, 0)
  clock.fire()
  assert.equal(ticks, 7)
  clock.fire()
  assert.equal(ticks, 8)
  ticker.close()
  assert.equal(clock.fire(), false)
})
