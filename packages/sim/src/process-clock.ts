/**
 * The clock of one simulated process: the run's time, as this process sees it.
 *
 * Everything that a process does begins with a timer of this clock or with `enter`, so that a
 * process is paused by holding both back, and dead when neither comes any more. Wall time may be
 * wrong; monotonic time is not.
 */
import type { CancelTimer, Clock } from '@vectron/base'
import type { SimClock } from '@vectron/testkit'

interface Held {
  isCancelled: boolean
  readonly run: () => void
}

export class ProcessClock implements Clock {
  readonly #world: SimClock
  #state: 'running' | 'paused' | 'dead' = 'running'
  /** What came due while the process was paused, in order. */
  #held: Held[] = []
  /** Milliseconds that wall time is ahead. */
  skewMs = 0

  constructor(world: SimClock) {
    this.#world = world
  }

  get isAlive(): boolean {
    return this.#state !== 'dead'
  }

  get isPaused(): boolean {
    return this.#state === 'paused'
  }

  nowMs(): number {
    return this.#world.nowMs() + this.skewMs
  }

  monotonicUs(): number {
    return this.#world.monotonicUs()
  }

  setTimer(delayMs: number, fire: () => void): CancelTimer {
    const task: Held = { isCancelled: false, run: fire }
    const cancel = this.#world.setTimer(delayMs, () => this.#run(task))
    return () => {
      task.isCancelled = true
      cancel()
    }
  }

  /** Something reaches the process from outside: now, when it resumes, or never. */
  enter(task: () => void): void {
    this.#run({ isCancelled: false, run: task })
  }

  pause(): void {
    if (this.#state === 'running') this.#state = 'paused'
  }

  /** What was held back happens now, one after the other. */
  resume(): void {
    if (this.#state !== 'paused') return
    this.#state = 'running'
    for (const task of this.#held.splice(0)) this.#world.setTimer(0, () => this.#run(task))
  }

  /** Nothing happens in the process any more. */
  kill(): void {
    this.#state = 'dead'
    this.#held = []
  }

  #run(task: Held): void {
    if (task.isCancelled || this.#state === 'dead') return
    if (this.#state === 'paused') this.#held.push(task)
    else task.run()
  }
}
