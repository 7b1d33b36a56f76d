/** Waits for the ready line of a node, or tells why it did not come. */
import { readFile } from 'node:fs/promises'
import { type Clock, sleep, VectronError } from '@vectron/base'
import { processState } from './node-process.ts'

const POLL_MS = 20
/** Bytes of the end of a log that are looked at for a reason. */
const TAIL_BYTES = 16_384
const LINES_TOLD = 5

export interface ReadyWait {
  readonly name: string
  readonly output: string
  readonly log: string
  readonly process: string
  readonly clock: Clock
  readonly timeoutMs: number
}

/**
 * The ready line as an object.
 *
 * @throws VectronError UNAVAILABLE with the last lines of the log: it ended, or took too long
 */
export async function waitUntilReady(wait: ReadyWait): Promise<Record<string, unknown>> {
  const { name, output, process, clock, timeoutMs } = wait
  const endUs = clock.monotonicUs() + timeoutMs * 1000
  for (;;) {
    const isDown = processState(process).kind === 'down'
    const line = await readyLine(output)
    if (line !== undefined) return line
    if (isDown) throw await notReady(wait, `${name} ended before it was ready`)
    if (clock.monotonicUs() > endUs) {
      throw await notReady(wait, `${name} was not ready within ${timeoutMs / 1000} s`)
    }
    await sleep(clock, POLL_MS)
  }
}

async function readyLine(file: string): Promise<Record<string, unknown> | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const line = text.split('\n').find((one) => one.startsWith('{"event":"ready"'))
  // The line may be there in part.
  return line !== undefined && text.includes('\n') ? JSON.parse(line) : undefined
}

async function notReady({ name, log }: ReadyWait, why: string): Promise<VectronError> {
  const text = await readFile(log, 'utf8').catch(() => '')
  const lines = text.slice(-TAIL_BYTES).trimEnd().split('\n').slice(-LINES_TOLD).map(shortLine)
  const message = `${why}. Its log ends with:\n${lines.join('\n')}`
  return new VectronError('UNAVAILABLE', message, { subject: name })
}

/** The message of a line of JSON, or the line as it is. */
export function shortLine(line: string): string {
  try {
    const { level, msg, err } = JSON.parse(line)
    const why = err?.message === undefined ? '' : `: ${err.message}`
    return `  ${level}  ${msg}${why}`
  } catch {
    return `  ${line}`
  }
}
