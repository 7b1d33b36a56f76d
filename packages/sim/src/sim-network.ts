/**
 * The simulated network: who reaches whom, how long it takes, and what goes wrong on the way.
 *
 * Two kinds of traffic. A datagram (a Raft frame) may be lost, doubled and overtaken. A segment of
 * a connection (a call, a chunk of a file) is sent again until it arrives or nobody wants it any
 * more, as TCP does; a broken link only delays it. Links break in one direction at a time.
 */
import type { SimClock } from '@vectron/testkit'
import type { FastRandom } from './fast-random.ts'

/** How links behave that are not broken. */
export interface LinkQuality {
  /** Part of the datagrams that are lost. */
  readonly lossRate: number
  /** Part of the datagrams that arrive twice. */
  readonly duplicateRate: number
  /** Milliseconds of one way, each drawn anew: datagrams overtake each other. */
  readonly delayMsMin: number
  readonly delayMsMax: number
}

export const GOOD_LINKS: LinkQuality = {
  lossRate: 0,
  duplicateRate: 0,
  delayMsMin: 0.2,
  delayMsMax: 1.5,
}

export interface Route {
  readonly from: string
  readonly to: string
}

/** Milliseconds after which an unacknowledged segment is sent again. */
const RETRANSMIT_MS_MIN = 150
const RETRANSMIT_MS_MAX = 400

export class SimNetwork {
  readonly #clock: SimClock
  readonly #random: FastRandom
  readonly #blocked = new Set<string>()
  quality: LinkQuality = GOOD_LINKS

  constructor(clock: SimClock, random: FastRandom) {
    this.#clock = clock
    this.#random = random
  }

  block(route: Route): void {
    this.#blocked.add(nameOf(route))
  }

  unblock(route: Route): void {
    this.#blocked.delete(nameOf(route))
  }

  heal(): void {
    this.#blocked.clear()
    this.quality = GOOD_LINKS
  }

  isBlocked(route: Route): boolean {
    return this.#blocked.has(nameOf(route))
  }

  sendDatagram(route: Route, deliver: () => void): void {
    const { lossRate, duplicateRate } = this.quality
    if (this.isBlocked(route) || this.#random.chance(lossRate)) return
    this.#later(deliver)
    if (this.#random.chance(duplicateRate)) this.#later(deliver)
  }

  /** `isOver` tells that nobody waits for the segment any more. */
  sendSegment(route: Route, deliver: () => void, isOver: () => boolean): void {
    if (isOver()) return
    if (this.isBlocked(route) || this.#random.chance(this.quality.lossRate)) {
      const againMs = this.#random.between(RETRANSMIT_MS_MIN, RETRANSMIT_MS_MAX)
      this.#clock.setTimer(againMs, () => this.sendSegment(route, deliver, isOver))
      return
    }
    this.#later(deliver)
  }

  #later(deliver: () => void): void {
    const { delayMsMin, delayMsMax } = this.quality
    this.#clock.setTimer(this.#random.between(delayMsMin, delayMsMax), deliver)
  }
}

function nameOf({ from, to }: Route): string {
  return `${from}>${to}`
}
