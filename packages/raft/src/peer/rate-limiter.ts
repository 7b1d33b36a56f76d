/**
 * A token bucket on the clock: bytes per second, with a burst of a tenth of a second.
 *
 * Kept as the moment at which the bucket is full again, so that it needs no timer of its own. Who
 * takes first passes first.
 */
import { type Clock, sleep } from '@vectron/base'

const BURST_US = 100_000

export class RateLimiter {
  readonly #clock: Clock
  readonly #bytesPerUs: number
  /** Monotonic microseconds at which all that was taken has been paid for. */
  #paidAtUs = 0

  constructor(clock: Clock, bytesPerSecond: number) {
    this.#clock = clock
    this.#bytesPerUs = bytesPerSecond / 1_000_000
  }

  /** Settles when `bytes` may be sent. */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    const nowUs = this.#clock.monotonicUs()
    const startUs = Math.max(this.#paidAtUs, nowUs - BURST_US)
    this.#paidAtUs = startUs + bytes / this.#bytesPerUs
    const waitMs = (startUs - nowUs) / 1000
    if (waitMs > 0) await sleep(this.#clock, waitMs, signal)
  }
}
