/**
 * The gateways that placement's leader hears of: by their number each knows its share of what the
 * plan of a project allows.
 *
 * A gateway asks for the routing about once a second. Whoever is silent for SILENCE_MS is gone; a
 * leader that has begun less than that ago may not have heard of all, and says nothing.
 */

import type { Clock } from '@vectron/base'
import { HeardBook } from './heard-book.ts'

/** Longer than a gateway needs to notice a lost connection and to ask again. */
const SILENCE_MS = 10_000
/** Gateways noted; far more than a cluster has. */
const GATEWAYS_MAX = 10_000

export class GatewayBook {
  readonly #heard: HeardBook<bigint>

  constructor(clock: Clock) {
    this.#heard = new HeardBook({ clock, silenceMs: SILENCE_MS, idsMax: GATEWAYS_MAX })
  }

  /** A gateway has asked. */
  note(gatewayId: bigint): void {
    this.#heard.note(gatewayId)
  }

  /** How many there are; 0: not known yet. */
  count(): number {
    return this.#heard.complete ? this.#heard.ids().length : 0
  }
}
