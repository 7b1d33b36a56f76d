/**
 * The process of one node: started apart from this one, found again by its file, signalled, waited
 * for.
 *
 * A number of a process is reused after it ended, so its start time is kept beside it: a stale file
 * never leads a signal to a stranger.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { type Clock, sleep } from '@vectron/base'

/** What is kept of a started process. */
interface ProcessRecord {
  readonly pid: number
  /** Ticks since the machine's boot, by /proc; absent where there is none. */
  readonly startTicks?: number
}

export type ProcessState =
  | { readonly kind: 'up'; readonly pid: number }
  /** Stopped by SIGSTOP. */
  | { readonly kind: 'paused'; readonly pid: number }
  | { readonly kind: 'down' }

export interface SpawnOptions {
  readonly command: readonly string[]
  readonly folder: string
  readonly env: NodeJS.ProcessEnv
  /** Emptied first. */
  readonly output: string
  /** Grows over all starts. */
  readonly log: string
  /** Where its number is kept. */
  readonly record: string
}

const POLL_MS = 20

/** Starts a process that outlives this one; its number is on the disk when this returns. */
export function spawnNode(options: SpawnOptions): ChildProcess {
  const { command, folder, env, output, log, record } = options
  const [program = '', ...args] = command
  const outputFd = openSync(output, 'w')
  const logFd = openSync(log, 'a')
  try {
    const child = spawn(program, args, {
      cwd: folder,
      env,
      detached: true,
      stdio: ['ignore', outputFd, logFd],
    })
    child.unref()
    // What cannot be started has no number; the wait for its ready line tells.
    child.on('error', () => {})
    if (child.pid !== undefined) writeRecord(record, child.pid)
    return child
  } finally {
    closeSync(outputFd)
    closeSync(logFd)
  }
}

function writeRecord(file: string, pid: number): void {
  const startTicks = readStat(pid)?.startTicks
  writeFileSync(file, `${JSON.stringify({ pid, ...(startTicks && { startTicks }) })}\n`)
}

/** Whether the process that the file names still runs. */
export function processState(file: string): ProcessState {
  const record = readRecord(file)
  if (record === undefined || !exists(record.pid)) return { kind: 'down' }
  const { pid, startTicks } = record
  const stat = readStat(pid)
  // Without /proc all that is known is that a process of this number is there.
  if (stat === undefined) return { kind: 'up', pid }
  const isSame = startTicks === undefined || startTicks === stat.startTicks
  if (!isSame || stat.state === 'Z' || stat.state === 'X') return { kind: 'down' }
  return { kind: stat.state === 'T' ? 'paused' : 'up', pid }
}

/** Sends a signal to the process that the file names; false when it does not run. */
export function signalProcess(file: string, signal: NodeJS.Signals): boolean {
  const state = processState(file)
  if (state.kind === 'down') return false
  try {
    process.kill(state.pid, signal)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}

/** Whether the process has ended within the time. */
export async function waitForEnd(file: string, clock: Clock, timeoutMs: number): Promise<boolean> {
  const endUs = clock.monotonicUs() + timeoutMs * 1000
  while (processState(file).kind !== 'down') {
    if (clock.monotonicUs() > endUs) return false
    await sleep(clock, POLL_MS)
  }
  return true
}

function readRecord(file: string): ProcessRecord | undefined {
  try {
    const record: ProcessRecord = JSON.parse(readFileSync(file, 'utf8'))
    return Number.isSafeInteger(record.pid) && record.pid > 0 ? record : undefined
  } catch {
    return undefined
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** State and start of a process, from /proc; the name in it may hold spaces and parentheses. */
function readStat(pid: number): { state: string; startTicks: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { state: fields[0] ?? '', startTicks: Number(fields[19]) }
  } catch {
    return undefined
  }
}
