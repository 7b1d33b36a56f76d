/**
 * Turns the clock into ticks.
 *
 * After a stall of the process at most two ticks follow, and only after what arrived meanwhile was
 * taken in: a burst of ticks would make followers campaign against a leader whose heartbeats wait
 * unread.
 */
import type { CancelTimer, Clock } from '@vectron/base'

/** Ticks that one stall may be answered with. */
const CATCH_UP_TICKS_MAX = 2

export interface TickerOptions {
  readonly clock: Clock
  readonly tickMs: number
  readonly tick: () => void
}

export class Ticker {
  readonly #options: TickerOptions
  #cancel: CancelTimer
  #lastUs: number

  constructor(options: TickerOptions) {
    this.#options = options
    this.#lastUs = options.clock.monotonicUs()
    this.#cancel = this.#schedule()
  }

  close(): void {
    this.#cancel()
  }

  #schedule(): CancelTimer {
    const { clock, tickMs } = this.#options
    return clock.setTimer(tickMs, () => this.#fire())
  }

  #fire(): void {
    const { clock, tickMs } = this.#options
    const elapsedTicks = Math.floor((clock.monotonicUs() - this.#lastUs) / (tickMs * 1000))
    if (elapsedTicks > CATCH_UP_TICKS_MAX) {
      // One more round of the event loop lets sockets be read before the clock moves.
      this.#cancel = clock.setTimer(0, () => this.#advance(CATCH_UP_TICKS_MAX))
    } else {
      this.#advance(1)
    }
  }

  #advance(ticks: number): void {
    this.#lastUs = this.#options.clock.monotonicUs()
    this.#cancel = this.#schedule()
    for (let tick = 0; tick < ticks; tick++) this.#options.tick()
  }
}
