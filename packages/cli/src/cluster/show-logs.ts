/** `vectron cluster logs`: the end of a node's log, and what is added to it. */
import { type FileHandle, open } from 'node:fs/promises'
import { shortLine } from '@vectron/local-cluster'
import { untilStopped } from '@vectron/process'
import type { ClusterLogsFlags } from '../commands/cluster.ts'
import type { CliContext } from '../context.ts'
import { openCluster } from './run-cluster.ts'

/** Bytes read at a time, and at most of what was there before. */
const CHUNK_BYTES = 1024 * 1024
const POLL_MS = 200

export async function showLogs(
  name: string,
  flags: ClusterLogsFlags,
  context: CliContext,
): Promise<void> {
  const cluster = openCluster(flags, context)
  const { terminal } = context
  await using file = await open(cluster.logOf(await cluster.find(name)), 'r')
  const show = (line: string) => terminal.out(flags.json ? line : logLine(line))
  const { size } = await file.stat()
  const tail = new LineReader(file, Math.max(0, size - CHUNK_BYTES))
  const lines = await tail.read()
  for (const line of flags.lines === 0 ? [] : lines.slice(-flags.lines)) show(line)
  if (!flags.follow) return
  const { signal } = untilStopped(() => {})
  while (!signal.aborted) {
    for (const line of await tail.read()) show(line)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

/** `14:03:11.250  info  shard open` */
function logLine(line: string): string {
  const time = /"time":"[^T"]*T([0-9:.]+)Z?"/.exec(line)?.[1] ?? ''
  return `${time}${shortLine(line)}`
}

/** Whole lines of a file that grows. */
class LineReader {
  readonly #file: FileHandle
  #position: number
  #rest = ''

  constructor(file: FileHandle, position: number) {
    this.#file = file
    this.#position = position
  }

  async read(): Promise<string[]> {
    const buffer = Buffer.alloc(CHUNK_BYTES)
    const { bytesRead } = await this.#file.read(buffer, 0, CHUNK_BYTES, this.#position)
    this.#position += bytesRead
    const lines = (this.#rest + buffer.toString('utf8', 0, bytesRead)).split('\n')
    this.#rest = lines.pop() ?? ''
    return lines
  }
}
