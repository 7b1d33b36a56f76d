/**
 * Time as a parameter.
 *
 * Everything in raft, shard, placement and routing takes a Clock, so that the simulation can run
 * the same code under a clock of its own. Only this file asks the machine for the time.
 */

/** Ends a timer; does nothing when it has fired or was cancelled before. */
export type CancelTimer = () => void

export interface Clock {
  /** Milliseconds since 1970 UTC. May jump; for people and records, never for durations. */
  nowMs(): number
  /** Microseconds since some fixed moment; never goes back. For durations and deadlines. */
  monotonicUs(): number
  /** Calls `fire` once after `delayMs` milliseconds. Keeps the process alive until then. */
  setTimer(delayMs: number, fire: () => void): CancelTimer
}

/** The machine's clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicUs: () => performance.now() * 1000,
  setTimer(delayMs, fire) {
    const timer = setTimeout(fire, delayMs)
    return () => clearTimeout(timer)
  },
}

const DAY_MS = 24 * 60 * 60 * 1000
let lastDay = { number: Number.NaN, text: '' }

/** The day of a moment, in UTC: 2026-11-28. Quick for one moment after another. */
export function utcDay(ms: number): string {
  const number = Math.floor(ms / DAY_MS)
  if (number !== lastDay.number) {
    lastDay = { number, text: new Date(ms).toISOString().slice(0, 10) }
  }
  return lastDay.text
}

/** Settles after `delayMs` milliseconds of the clock, or rejects with the signal's reason. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const onAbort = () => {
      cancel()
      reject(signal?.reason)
    }
    const cancel = clock.setTimer(delayMs, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
