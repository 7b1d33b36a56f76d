/**
 * The gateways that placement's leader hears of: by their number each knows its share of what the
 * plan of a project allows.
 *
 * A gateway asks for the routing about once a second. Whoever is silent for SILENCE_MS is gone; a
 * leader that has begun less than that ago may not have heard of all, and says nothing.
 */

import type { Clock } from '@vectron/base'

/** Longer than a gateway needs to notice a lost connection and to ask again. */
const SILENCE_MS = 10_000
/** Gateways noted; far more than a cluster has. */
const GATEWAYS_MAX = 10_000

export class GatewayBook {
  readonly #clock: Clock
  readonly #startUs: number
  /** Monotonic microseconds, the longest silent first. */
  readonly #heardUs = new Map<bigint, number>()

  constructor(clock: Clock) {
    this.#clock = clock
    this.#startUs = clock.monotonicUs()
  }

  /** A gateway has asked. */
  note(gatewayId: bigint): void {
    this.#heardUs.delete(gatewayId)
    this.#heardUs.set(gatewayId, this.#clock.monotonicUs())
    this.#forget()
  }

  /** How many there are; 0: not known yet. */
  count(): number {
    this.#forget()
    const isNew = this.#startUs > this.#oldestUs()
    return isNew ? 0 : this.#heardUs.size
  }

  #forget(): void {
    const oldestUs = this.#oldestUs()
    for (const [id, heardUs] of this.#heardUs) {
      if (heardUs >= oldestUs && this.#heardUs.size <= GATEWAYS_MAX) return
      this.#heardUs.delete(id)
    }
  }

  /** Whoever was heard before is gone. */
  #oldestUs(): number {
    return this.#clock.monotonicUs() - SILENCE_MS * 1000
  }
}
