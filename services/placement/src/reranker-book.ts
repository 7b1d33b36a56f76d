/**
 * The instances of the reranker that placement's leader hears of: each announces its address about
 * once a second, and one that is silent for SILENCE_MS is forgotten.
 *
 * A leader that has begun less than that ago may not have heard of all, and says so: gateways go on
 * with those that they know besides.
 */

import type { Clock } from '@vectron/base'
import { HeardBook } from './heard-book.ts'

/** Some announcements may be lost. */
const SILENCE_MS = 5_000
/** Instances noted; far more than a cluster has. */
const INSTANCES_MAX = 1_000

export class RerankerBook {
  readonly #heard: HeardBook<string>

  constructor(clock: Clock) {
    this.#heard = new HeardBook({ clock, silenceMs: SILENCE_MS, idsMax: INSTANCES_MAX })
  }

  note(address: string): void {
    this.#heard.note(address)
  }

  /** It has said that it ends. */
  remove(address: string): void {
    this.#heard.remove(address)
  }

  /** In the order of addresses; whether those are all. */
  known(): { readonly addresses: string[]; readonly complete: boolean } {
    return { addresses: [...this.#heard.ids()].sort(), complete: this.#heard.complete }
  }
}
