/**
 * Reads a body that somebody sends over a network, and gives up on one who holds his place with a
 * byte now and then.
 *
 * Only the time counts in which the reader waits: one who reads slowly himself blames nobody.
 */
import type { Readable } from 'node:stream'
import { type Clock, LIMITS, VectronError } from '@vectron/base'

export interface Pace {
  /** Milliseconds without a byte. */
  readonly silenceMs: number
  /** Bytes a second on average, once `graceMs` were spent waiting; 0 for any. */
  readonly bytesPerSecondMin: number
  readonly graceMs: number
}

/** Of a body, or of one message. */
export const BODY_PACE: Pace = {
  silenceMs: LIMITS.bodySilenceMs,
  bytesPerSecondMin: LIMITS.bodyBytesPerSecondMin,
  graceMs: LIMITS.bodyPaceGraceMs,
}

/** Of a stream of messages, whose caller sends when he has something to say. */
export const STREAM_PACE: Pace = {
  silenceMs: LIMITS.streamSilenceMs,
  bytesPerSecondMin: 0,
  graceMs: 0,
}

export interface Collecting {
  readonly pace: Pace
  readonly clock: Clock
  /** Given each part; throws to end the reading. */
  readonly take: (part: Buffer) => void
}

/**
 * Reads a body to its end; rejects with REQUEST_TOO_SLOW, or what `take` throws. By events and with
 * one timer: this is on the way of every request.
 */
export function collectParts(source: Readable, { pace, clock, take }: Collecting): Promise<void> {
  return new Promise((resolve, reject) => {
    const startUs = clock.monotonicUs()
    let heardUs = startUs
    let bytes = 0
    const settle = (outcome: () => void) => {
      cancel()
      source.off('data', onData).off('end', onEnd).off('close', onClose)
      outcome()
    }
    const fail = (error: unknown) => settle(() => reject(error))
    const onData = (part: Buffer) => {
      bytes += part.length
      heardUs = clock.monotonicUs()
      if (isTooSlow(pace, bytes, (heardUs - startUs) / 1000)) return fail(tooSlow(pace))
      try {
        take(part)
      } catch (error) {
        fail(error)
      }
    }
    const onEnd = () => settle(resolve)
    const onClose = () => fail(new VectronError('CANCELLED', 'The caller ended the request.'))
    const look = () => {
      const restMs = pace.silenceMs - (clock.monotonicUs() - heardUs) / 1000
      if (restMs <= 0) fail(silent(pace))
      else cancel = clock.setTimer(restMs, look)
    }
    let cancel = clock.setTimer(pace.silenceMs, look)
    source.on('data', onData).once('end', onEnd).once('close', onClose)
  })
}

/** The parts as they come; throws REQUEST_TOO_SLOW. Ending it early leaves the source open. */
export async function* paced(
  source: AsyncIterator<Buffer>,
  pace: Pace,
  clock: Clock,
): AsyncGenerator<Buffer> {
  let waitedMs = 0
  let bytes = 0
  try {
    for (;;) {
      const sinceUs = clock.monotonicUs()
      const part = await within(pace, source, clock)
      if (part.done === true) return
      waitedMs += (clock.monotonicUs() - sinceUs) / 1000
      bytes += part.value.length
      if (isTooSlow(pace, bytes, waitedMs)) throw tooSlow(pace)
      yield part.value
    }
  } finally {
    // Lets go of the source, which others read on. Not awaited: silence may last.
    source.return?.().catch(() => undefined)
  }
}

function within(
  pace: Pace,
  source: AsyncIterator<Buffer>,
  clock: Clock,
): Promise<IteratorResult<Buffer>> {
  return new Promise((resolve, reject) => {
    const cancel = clock.setTimer(pace.silenceMs, () => reject(silent(pace)))
    source.next().then(resolve, reject).finally(cancel)
  })
}

function isTooSlow({ graceMs, bytesPerSecondMin }: Pace, bytes: number, waitedMs: number): boolean {
  return waitedMs > graceMs && bytes < (waitedMs / 1000) * bytesPerSecondMin
}

function tooSlow({ bytesPerSecondMin }: Pace): VectronError {
  const message = `The body comes with fewer than ${bytesPerSecondMin} bytes a second.`
  return new VectronError('REQUEST_TOO_SLOW', message)
}

function silent({ silenceMs }: Pace): VectronError {
  return new VectronError('REQUEST_TOO_SLOW', `Nothing came for ${silenceMs / 1000} s.`)
}
