/**
 * Who placement's leader has heard of within a time: whoever is silent for longer is forgotten.
 *
 * A leader that has begun less than that ago may not have heard of all, and says so.
 */

import type { Clock } from '@vectron/base'

export interface HeardBookOptions {
  readonly clock: Clock
  readonly silenceMs: number
  /** Ids noted; far more than a cluster has. The longest silent go first. */
  readonly idsMax: number
}

export class HeardBook<Id> {
  readonly #options: HeardBookOptions
  readonly #startUs: number
  /** Monotonic microseconds, the longest silent first. */
  readonly #heardUs = new Map<Id, number>()

  constructor(options: HeardBookOptions) {
    this.#options = options
    this.#startUs = options.clock.monotonicUs()
  }

  note(id: Id): void {
    this.#heardUs.delete(id)
    this.#heardUs.set(id, this.#options.clock.monotonicUs())
    this.#forget()
  }

  remove(id: Id): void {
    this.#heardUs.delete(id)
  }

  /** Those that live. */
  ids(): readonly Id[] {
    this.#forget()
    return [...this.#heardUs.keys()]
  }

  /** Whether every one that lives must have been heard by now. */
  get complete(): boolean {
    return this.#startUs <= this.#oldestUs()
  }

  #forget(): void {
    const oldestUs = this.#oldestUs()
    for (const [id, heardUs] of this.#heardUs) {
      if (heardUs >= oldestUs && this.#heardUs.size <= this.#options.idsMax) return
      this.#heardUs.delete(id)
    }
  }

  /** Whoever was heard before is gone. */
  #oldestUs(): number {
    const { clock, silenceMs } = this.#options
    return clock.monotonicUs() - silenceMs * 1000
  }
}
