/**
 * The instances of the reranker that placement's leader hears of: each announces its address about
 * once a second, and one that is silent for SILENCE_MS is forgotten.
 *
 * A leader that has begun less than that ago may not have heard of all, and says so: gateways go on
 * with those that they know besides.
 */

import type { Clock } from '@vectron/base'

/** Some announcements may be lost. */
const SILENCE_MS = 5_000
/** Instances noted; far more than a cluster has. */
const INSTANCES_MAX = 1_000

export class RerankerBook {
  readonly #clock: Clock
  readonly #startUs: number
  /** Monotonic microseconds by address, the longest silent first. */
  readonly #heardUs = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
    this.#startUs = clock.monotonicUs()
  }

  note(address: string): void {
    this.#heardUs.delete(address)
    this.#heardUs.set(address, this.#clock.monotonicUs())
    this.#forget()
  }

  /** It has said that it ends. */
  remove(address: string): void {
    this.#heardUs.delete(address)
  }

  /** In the order of addresses; whether those are all. */
  known(): { readonly addresses: string[]; readonly complete: boolean } {
    this.#forget()
    const complete = this.#startUs <= this.#oldestUs()
    return { addresses: [...this.#heardUs.keys()].sort(), complete }
  }

  #forget(): void {
    const oldestUs = this.#oldestUs()
    for (const [address, heardUs] of this.#heardUs) {
      if (heardUs >= oldestUs && this.#heardUs.size <= INSTANCES_MAX) return
      this.#heardUs.delete(address)
    }
  }

  #oldestUs(): number {
    return this.#clock.monotonicUs() - SILENCE_MS * 1000
  }
}
