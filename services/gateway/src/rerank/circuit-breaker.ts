/**
 * A circuit breaker: after failures in a row nobody is asked for a while, so that a dead or slow
 * service costs its callers nothing; then one call tries whether it is back.
 *
 * Closed: all calls go. Open: none, until the pause is over. Half open: one call, the probe, and
 * what becomes of it decides. Pauses double from probe to probe that fails.
 */
import type { Clock } from '@vectron/base'

/** Failures in a row that open it. */
const FAILURES_MAX = 5
const PAUSE_MS_FIRST = 1_000
const PAUSE_MS_MAX = 30_000

type State =
  | { readonly kind: 'closed'; readonly failures: number }
  | { readonly kind: 'open'; readonly untilUs: number; readonly pauseMs: number }
  | { readonly kind: 'half-open'; readonly pauseMs: number }

export class CircuitBreaker {
  readonly #clock: Pick<Clock, 'monotonicUs'>
  #state: State = { kind: 'closed', failures: 0 }

  constructor(clock: Pick<Clock, 'monotonicUs'>) {
    this.#clock = clock
  }

  get state(): State['kind'] {
    return this.#state.kind
  }

  /** Whether a call may go now. One that may must be followed by succeeded, failed or abandoned. */
  enter(): boolean {
    const state = this.#state
    switch (state.kind) {
      case 'closed':
        return true
      case 'half-open':
        return false
      case 'open':
        if (this.#clock.monotonicUs() < state.untilUs) return false
        this.#state = { kind: 'half-open', pauseMs: state.pauseMs }
        return true
    }
  }

  succeeded(): void {
    // Of calls that began before it opened, none closes it: they may have been the last good ones.
    if (this.#state.kind !== 'open') this.#state = { kind: 'closed', failures: 0 }
  }

  failed(): void {
    const state = this.#state
    switch (state.kind) {
      case 'closed': {
        const failures = state.failures + 1
        if (failures < FAILURES_MAX) this.#state = { kind: 'closed', failures }
        else this.#open(PAUSE_MS_FIRST)
        return
      }
      case 'half-open':
        this.#open(Math.min(PAUSE_MS_MAX, 2 * state.pauseMs))
        return
      case 'open':
        return
    }
  }

  /** The call said nothing about the service: its caller left. Another one may probe. */
  abandoned(): void {
    const state = this.#state
    if (state.kind !== 'half-open') return
    this.#state = { kind: 'open', untilUs: this.#clock.monotonicUs(), pauseMs: state.pauseMs }
  }

  #open(pauseMs: number): void {
    this.#state = {
      kind: 'open',
      untilUs: this.#clock.monotonicUs() + pauseMs * 1000,
      pauseMs,
    }
  }
}
