/** Waits for another process that is not there yet, as all do when a cluster starts at once. */
import { backoffMs, isVectronError, sleep, VectronError } from '@vectron/base'
import type { Surroundings } from './surroundings.ts'

const BACKOFF = { firstMs: 50, maxMs: 2000 }
/** Milliseconds after which the log tells that something is waited for. */
const QUIET_MS = 2000

/**
 * The first answer of `ask`, which is tried again while nobody answers or nobody leads. Other
 * errors are thrown at once.
 *
 * @throws VectronError CANCELLED when the process is stopped
 */
export async function untilAnswered<T>(
  what: string,
  ask: () => Promise<T>,
  { clock, random, logger, signal }: Surroundings,
): Promise<T> {
  const startUs = clock.monotonicUs()
  const stopped = abortion(signal, `Stopped while waiting for ${what}.`)
  for (let tries = 0; ; tries++) {
    try {
      return await Promise.race([ask(), stopped])
    } catch (error) {
      if (!isTemporary(error)) throw error
      if (clock.monotonicUs() - startUs > QUIET_MS * 1000) {
        logger.warn({ err: error }, `waiting for ${what}`)
      }
    }
    await Promise.race([sleep(clock, backoffMs(BACKOFF, tries, random)), stopped])
  }
}

/** Rejects when the signal aborts. */
function abortion(signal: AbortSignal, message: string): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>()
  const stop = () => reject(new VectronError('CANCELLED', message))
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop, { once: true })
  // Nobody may be waiting any more.
  promise.catch(() => {})
  return promise
}

function isTemporary(error: unknown): boolean {
  if (!isVectronError(error)) return false
  switch (error.reason) {
    case 'UNAVAILABLE':
    case 'NOT_LEADER':
    case 'DEADLINE_EXCEEDED':
    case 'OUTCOME_UNKNOWN':
    case 'SHARD_UNAVAILABLE':
      return true
    default:
      return false
  }
}
