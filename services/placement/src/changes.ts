/**
 * Changes: lets callers wait until something about the cluster changes.
 *
 * Whoever waits looks again at the state itself when woken; a wake-up carries no news and may be
 * for somebody else.
 */

import type { Clock } from '@vectron/base'

export class Changes {
  readonly #clock: Clock
  readonly #waiting = new Set<() => void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Wakes everybody who waits. */
  announce(): void {
    const woken = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of woken) wake()
  }

  /**
   * Settles at the next announcement, after `timeoutMs` milliseconds, or when the signal aborts.
   */
  next(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake)
        signal?.removeEventListener('abort', wake)
        cancel()
        resolve()
      }
      const cancel = this.#clock.setTimer(timeoutMs, wake)
      signal?.addEventListener('abort', wake, { once: true })
      this.#waiting.add(wake)
    })
  }
}
