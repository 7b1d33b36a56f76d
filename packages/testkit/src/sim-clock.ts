/**
 * The simulation's clock: time passes only when it is told to, one timer after the other.
 *
 * Must stay true: timers fire in the order of their due time and, for equal ones, in the order in
 * which they were set; between two timers all promise callbacks run to their end. The same calls
 * therefore give the same run. Timers lie in a binary heap: a run of a cluster sets hundreds of
 * thousands, most of them deadlines that are cancelled.
 */
import { assert, type CancelTimer, type Clock } from '@vectron/base'

const FIRED_AT_ONCE_MAX = 100_000

interface Timer {
  readonly dueUs: number
  readonly order: number
  /** Undefined once cancelled; the timer then only waits to come to the top. */
  fire: (() => void) | undefined
}

export class SimClock implements Clock {
  readonly #startMs: number
  #nowUs = 0
  #nextOrder = 0
  /** Timers fired since time moved last. */
  #firedAtOnce = 0
  /** Invariant: each fires before its two children, at 2i + 1 and 2i + 2. */
  readonly #heap: Timer[] = []

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#startMs = startMs
  }

  nowMs(): number {
    return this.#startMs + Math.floor(this.#nowUs / 1000)
  }

  monotonicUs(): number {
    return this.#nowUs
  }

  setTimer(delayMs: number, fire: () => void): CancelTimer {
    assert(delayMs >= 0, `a timer of ${delayMs} ms`)
    // Never early: whoever waits for a moment between two microseconds would wait again and again.
    const dueUs = this.#nowUs + Math.ceil(delayMs * 1000)
    const timer: Timer = { dueUs, order: this.#nextOrder++, fire }
    this.#push(timer)
    return () => {
      timer.fire = undefined
    }
  }

  /** Fires the next timer and lets what follows from it settle; false when there is none. */
  async step(): Promise<boolean> {
    const timer = this.#takeNext()
    if (timer === undefined) return false
    this.#countAt(timer.dueUs)
    this.#nowUs = timer.dueUs
    timer.fire?.()
    await settle()
    return true
  }

  /** Fires all timers of the next `ms` milliseconds, or until `isOver` says so. */
  async advance(ms: number, isOver: () => boolean = () => false): Promise<void> {
    const untilUs = this.#nowUs + ms * 1000
    // What was begun before may be about to set its first timer.
    await settle()
    for (let next = this.#peek(); next && next.dueUs <= untilUs; next = this.#peek()) {
      await this.step()
      if (isOver()) return
    }
    this.#nowUs = untilUs
  }

  /** Whoever waits for nothing would stop the time for ever. */
  #countAt(dueUs: number): void {
    this.#firedAtOnce = dueUs === this.#nowUs ? this.#firedAtOnce + 1 : 0
    assert(this.#firedAtOnce < FIRED_AT_ONCE_MAX, `time stands still at ${dueUs} us`)
  }

  #peek(): Timer | undefined {
    while (this.#heap[0] !== undefined && this.#heap[0].fire === undefined) this.#pop()
    return this.#heap[0]
  }

  #takeNext(): Timer | undefined {
    return this.#peek() === undefined ? undefined : this.#pop()
  }

  #push(timer: Timer): void {
    const heap = this.#heap
    let at = heap.length
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!firesBefore(timer, heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = timer
  }

  #pop(): Timer | undefined {
    const heap = this.#heap
    const top = heap[0]
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return top
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && firesBefore(heap[child + 1]!, heap[child]!)) child += 1
      if (!firesBefore(heap[child]!, last)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
    return top
  }
}

function firesBefore(a: Timer, b: Timer): boolean {
  return a.dueUs < b.dueUs || (a.dueUs === b.dueUs && a.order < b.order)
}

/** Promise callbacks all run before the event loop comes to its next immediate. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
