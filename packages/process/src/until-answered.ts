/** Waits for another process that is not there yet, as all do when a cluster starts at once. */
import { isVectronError, sleep, VectronError } from '@vectron/base'
import type { Surroundings } from './surroundings.ts'

const PAUSE_MS_FIRST = 50
const PAUSE_MS_MAX = 2000
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
  for (let pauseMs = PAUSE_MS_FIRST; ; pauseMs = Math.min(PAUSE_MS_MAX, pauseMs * 2)) {
    try {
      return await ask()
    } catch (error) {
      if (!isTemporary(error)) throw error
      if (clock.monotonicUs() - startUs > QUIET_MS * 1000) {
        logger.warn({ err: error }, `waiting for ${what}`)
      }
    }
    await sleep(clock, pauseMs * (0.5 + random.nextFloat() / 2), signal).catch(() => {})
    if (signal.aborted) throw new VectronError('CANCELLED', `Stopped while waiting for ${what}.`)
  }
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
