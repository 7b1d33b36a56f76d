/**
 * A deadline: the moment after which nobody waits for the answer.
 *
 * Made once where a request enters and passed down; each hop asks how much is left. Absolute on the
 * monotonic clock, so that queueing counts.
 */
import type { Clock } from './clock.ts'
import { VectronError } from './errors.ts'

export interface Deadline {
  /** Milliseconds left; 0 when passed. */
  remainingMs(): number
  readonly passed: boolean
}

/** A deadline `timeoutMs` milliseconds from now. */
export function deadlineAfter(clock: Clock, timeoutMs: number): Deadline {
  const endUs = clock.monotonicUs() + timeoutMs * 1000
  return {
    remainingMs: () => Math.max(0, (endUs - clock.monotonicUs()) / 1000),
    get passed() {
      return clock.monotonicUs() >= endUs
    },
  }
}

/** Throws DEADLINE_EXCEEDED when the deadline has passed; `work` names what would have begun. */
export function checkDeadline(deadline: Deadline, work: string): void {
  if (deadline.passed) {
    throw new VectronError('DEADLINE_EXCEEDED', `The time allowed ran out before ${work}.`)
  }
}

/**
 * The promise's outcome, or DEADLINE_EXCEEDED when the deadline comes first. The work itself goes
 * on; hand it an AbortSignal too when it can be stopped.
 */
export function withDeadline<T>(
  clock: Clock,
  deadline: Deadline,
  work: string,
  promise: Promise<T>,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const cancel = clock.setTimer(deadline.remainingMs(), () => {
      reject(new VectronError('DEADLINE_EXCEEDED', `The time allowed ran out during ${work}.`))
    })
    promise.then(resolve, reject).finally(cancel)
  })
}
