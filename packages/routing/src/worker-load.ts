/**
 * WorkerLoad: how busy and how quick a worker has been, as seen from this process alone.
 *
 * The cost of asking a worker is its latency times the requests that would then be under way (peak
 * EWMA, as in Finagle's load balancer): a slow worker is asked less, and so is one whose answers
 * stay out, long before anything has failed. The average fades with time, so that a worker which
 * was slow once is tried again.
 */

import type { Clock } from '@vectron/base'

/** Weight of the newest latency in the average. */
const NEWEST_WEIGHT = 0.2
/** Microseconds after which an old average counts for a third. */
const FADE_US = 10e6
/** Microseconds that a worker is taken to need before it has answered; small, so it is tried. */
const LATENCY_US_UNKNOWN = 500

export class WorkerLoad {
  readonly #clock: Clock
  #inFlight = 0
  #latencyUs = LATENCY_US_UNKNOWN
  #measuredUs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** A request goes out. Each is followed by one `end`. */
  begin(): void {
    this.#inFlight++
  }

  /** A request has ended after `latencyUs`; undefined when that says nothing about the worker. */
  end(latencyUs: number | undefined): void {
    this.#inFlight--
    if (latencyUs === undefined) return
    const known = this.#fadedLatencyUs()
    // A peak counts at once, an improvement little by little.
    this.#latencyUs = latencyUs > known ? latencyUs : known + NEWEST_WEIGHT * (latencyUs - known)
    this.#measuredUs = this.#clock.monotonicUs()
  }

  /** What one more request would cost; `more` are about to go out besides. */
  cost(more: number): number {
    return this.#fadedLatencyUs() * (this.#inFlight + more + 1)
  }

  #fadedLatencyUs(): number {
    const ageUs = this.#clock.monotonicUs() - this.#measuredUs
    return Math.max(LATENCY_US_UNKNOWN / 10, this.#latencyUs * Math.exp(-ageUs / FADE_US))
  }
}
