/**
 * Changes: lets callers wait until something about the cluster changes.
 *
 * Whoever waits says what would concern it, and looks again at the state itself when woken: a
 * wake-up carries no news. So one change does not wake a thousand heartbeats that it is not for.
 */

import type { Clock } from '@vectron/base'

interface Waiter {
  readonly concerns: () => boolean
  readonly wake: () => void
}

export interface WaitOptions {
  readonly timeoutMs: number
  readonly signal: AbortSignal
  /** Asked at each announcement: whether to wake up. Left out: always. */
  readonly concerns?: () => boolean
}

export class Changes {
  readonly #clock: Clock
  readonly #waiting = new Set<Waiter>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Wakes everybody whom the change concerns. */
  announce(): void {
    for (const waiter of [...this.#waiting]) if (waiter.concerns()) waiter.wake()
  }

  /**
   * Settles at the next announcement that concerns the caller, after `timeoutMs` milliseconds, or
   * when the signal aborts.
   */
  next({ timeoutMs, signal, concerns = () => true }: WaitOptions): Promise<void> {
    if (signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiting.delete(waiter)
        signal.removeEventListener('abort', wake)
        cancel()
        resolve()
      }
      const waiter = { concerns, wake }
      const cancel = this.#clock.setTimer(timeoutMs, wake)
      signal.addEventListener('abort', wake, { once: true })
      this.#waiting.add(waiter)
    })
  }
}
