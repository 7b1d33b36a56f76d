/**
 * The one place on the path of a request where anything is tried again.
 *
 * What is tried again is what a newer routing, a new leader or a moment's patience can cure; each
 * time the routing is asked for anew first. That is not waited for long: a refusal may have named
 * the new leader already, and placement may be down while the shards are well. Everything else goes
 * to the caller at once. The deadline of the request bounds it all.
 *
 * A write may be tried again although its outcome is unknown: its command carries a request id, and
 * a shard applies the same id once.
 */

import {
  backoffMs,
  type Clock,
  type Deadline,
  isVectronError,
  type Random,
  sleep,
} from '@vectron/base'

/** Between tries, from the second on. */
const BACKOFF = { firstMs: 5, maxMs: 250 }
/** Milliseconds that newer routing is waited for before a try. */
const REFRESH_MS_MAX = 250

export interface RetryLimits {
  readonly clock: Clock
  readonly random: Random
  readonly deadline: Deadline
  /** Tries at most; as many as the deadline allows when absent. */
  readonly triesMax?: number
  /** Called before each further try. */
  readonly refresh: () => Promise<unknown>
}

/** The first success of `attempt`, or the last error once the limits leave no room. */
export async function retryRouted<T>(
  limits: RetryLimits,
  attempt: (number: number) => Promise<T>,
): Promise<T> {
  for (let number = 0; ; number++) {
    try {
      return await attempt(number)
    } catch (error) {
      if (!isCuredByRouting(error) || number + 1 === limits.triesMax) throw error
      if (!(await pauseBefore(number + 1, limits))) throw error
    }
  }
}

/** Whether the same request may succeed with newer routing or a little later. */
export function isCuredByRouting(error: unknown): boolean {
  if (!isVectronError(error)) return false
  switch (error.reason) {
    case 'STALE_EPOCH':
    case 'NOT_LEADER':
    case 'SHARD_NOT_FOUND':
    case 'SHARD_UNAVAILABLE':
    case 'UNAVAILABLE':
    case 'OUTCOME_UNKNOWN':
    // One try had less time than the request: somebody else may be quicker.
    case 'DEADLINE_EXCEEDED':
      return true
    default:
      return false
  }
}

/** Waits and asks for the routing; false when the deadline leaves no room for it. */
async function pauseBefore(number: number, limits: RetryLimits): Promise<boolean> {
  const { clock, random, deadline, refresh } = limits
  const pauseMs = backoffMs(BACKOFF, number - 1, random)
  if (deadline.remainingMs() <= pauseMs) return false
  // The first retry goes out at once: newer routing is usually all that was missing.
  if (number > 1) await sleep(clock, pauseMs)
  await settledWithin(refresh(), Math.min(REFRESH_MS_MAX, deadline.remainingMs()), clock)
  return !deadline.passed
}

/** Settles with the promise or after `ms`, whichever comes first; whatever became of it. */
function settledWithin(promise: Promise<unknown>, ms: number, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.setTimer(ms, resolve)
    const end = () => {
      cancel()
      resolve()
    }
    promise.then(end, end)
  })
}
