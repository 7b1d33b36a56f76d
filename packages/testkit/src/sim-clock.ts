/**
 * The simulation's clock: time passes only when it is told to, one timer after the other.
 *
 * Must stay true: timers fire in the order of their due time and, for equal ones, in the order in
 * which they were set; between two timers all promise callbacks run to their end. The same calls
 * therefore give the same run.
 */
import { assert, type CancelTimer, type Clock } from '@vectron/base'

interface Timer {
  readonly dueUs: number
  readonly order: number
  readonly fire: () => void
}

export class SimClock implements Clock {
  readonly #startMs: number
  #nowUs = 0
  #nextOrder = 0
  /** Sorted by due time, then order; the next to fire is the last. */
  #timers: Timer[] = []
  /** Milliseconds that wall time is ahead of true time: clocks jump. */
  skewMs = 0

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#startMs = startMs
  }

  nowMs(): number {
    return this.#startMs + Math.floor(this.#nowUs / 1000) + this.skewMs
  }

  monotonicUs(): number {
    return this.#nowUs
  }

  setTimer(delayMs: number, fire: () => void): CancelTimer {
    assert(delayMs >= 0, `a timer of ${delayMs} ms`)
    const timer = {
      dueUs: this.#nowUs + Math.round(delayMs * 1000),
      order: this.#nextOrder++,
      fire,
    }
    const place = this.#timers.findIndex((other) => !firesAfter(other, timer))
    this.#timers.splice(place < 0 ? this.#timers.length : place, 0, timer)
    return () => {
      const index = this.#timers.indexOf(timer)
      if (index >= 0) this.#timers.splice(index, 1)
    }
  }

  /** Fires the next timer and lets what follows from it settle; false when there is none. */
  async step(): Promise<boolean> {
    const timer = this.#timers.pop()
    if (timer === undefined) return false
    this.#nowUs = Math.max(this.#nowUs, timer.dueUs)
    timer.fire()
    await settle()
    return true
  }

  /** Fires all timers of the next `ms` milliseconds. */
  async advance(ms: number): Promise<void> {
    const untilUs = this.#nowUs + ms * 1000
    for (
      let next = this.#timers.at(-1);
      next && next.dueUs <= untilUs;
      next = this.#timers.at(-1)
    ) {
      await this.step()
    }
    this.#nowUs = Math.max(this.#nowUs, untilUs)
  }

  /** Time passes without a timer firing: the process stands still. They fire late, in order. */
  jump(ms: number): void {
    this.#nowUs += ms * 1000
  }

  /** Forgets all timers: what waited for them has crashed. */
  clearTimers(): void {
    this.#timers = []
  }
}

/** true when `a` is to fire after `b`, and so stands before it in the list. */
function firesAfter(a: Timer, b: Timer): boolean {
  return a.dueUs > b.dueUs || (a.dueUs === b.dueUs && a.order > b.order)
}

/** Promise callbacks all run before the event loop comes to its next immediate. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
