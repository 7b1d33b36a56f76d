/**
 * Pauses of long work, so that one job does not hold up everything else of its process: on one
 * machine that is the heartbeats of every shard.
 */
import { type Clock, type Deadline, VectronError } from '@vectron/base'

/** Microseconds of work between two pauses. */
const WORK_US = 5_000

/** Awaited now and then; throws when nobody waits for the work any more. */
export function createBreather(
  clock: Clock,
  { deadline, signal }: { readonly deadline: Deadline; readonly signal: AbortSignal },
): () => Promise<void> | undefined {
  let sinceUs = clock.monotonicUs()
  return () => {
    if (clock.monotonicUs() - sinceUs < WORK_US) return undefined
    return new Promise((resolve, reject) => {
      setImmediate(() => {
        sinceUs = clock.monotonicUs()
        if (deadline.passed || signal.aborted) {
          reject(new VectronError('DEADLINE_EXCEEDED', 'The time allowed ran out while reranking.'))
        } else resolve()
      })
    })
  }
}
