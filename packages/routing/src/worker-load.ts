/**
 * WorkerLoad: how busy and how slow a worker is, as seen from this process alone.
 *
 * The cost of asking a worker is its slowness times the requests that would then be under way (as
 * in the peak EWMA of Finagle, a load balancer): a slow worker is asked less, and so is one whose
 * answers stay out, long before anything has failed. Slowness is how long an answer took over what
 * that kind of request usually takes, so a search that is heavy everywhere counts against nobody.
 * It fades with time, so that a worker which was slow once is tried again.
 */

import type { Clock } from '@vectron/base'

/** Weight of the newest slowness when it is below the average. */
const NEWEST_WEIGHT = 0.2
/** Microseconds after which what exceeds 1 has faded to a third. */
const FADE_US = 5e6
/** One bad moment must not keep a worker idle for long. */
const SLOWNESS_MAX = 16
const SLOWNESS_MIN = 0.25

export class WorkerLoad {
  readonly #clock: Clock
  #inFlight = 0
  #slowness = 1
  #measuredUs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A request goes out. Each is followed by one `end`. */
  begin(): void {
    this.#inFlight++
  }

  /** A request has ended; how slow it was, unless that says nothing about the worker. */
  end(slowness: number | undefined): void {
    this.#inFlight--
    if (slowness === undefined) return
    const newest = Math.min(SLOWNESS_MAX, Math.max(SLOWNESS_MIN, slowness))
    const known = this.#fadedSlowness()
    // A peak counts at once, an improvement little by little.
    this.#slowness = newest > known ? newest : known + NEWEST_WEIGHT * (newest - known)
    this.#measuredUs = this.#clock.monotonicUs()
  }

  /** What one more request would cost; `more` are about to go out besides. */
  cost(more: number): number {
    return this.#fadedSlowness() * (this.#inFlight + more + 1)
  }

  #fadedSlowness(): number {
    const ageUs = this.#clock.monotonicUs() - this.#measuredUs
    return 1 + (this.#slowness - 1) * Math.exp(-ageUs / FADE_US)
  }
}
