/** A rate with a burst: tokens refill with time, and each event takes one. */
import type { Clock } from '@vectron/base'

export interface Rate {
  /** Events at once. */
  readonly burst: number
  /** Events that become possible again in a second. */
  readonly perSecond: number
}

export class TokenBucket {
  readonly #rate: Rate
  readonly #clock: Clock
  #tokens: number
  #atUs: number

  constructor(rate: Rate, clock: Clock) {
    this.#rate = rate
    this.#clock = clock
    this.#tokens = rate.burst
    this.#atUs = clock.monotonicUs()
  }

  /** Whether one more event is within the rate. */
  take(): boolean {
    const nowUs = this.#clock.monotonicUs()
    const refill = ((nowUs - this.#atUs) / 1e6) * this.#rate.perSecond
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + refill)
    this.#atUs = nowUs
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }
}
