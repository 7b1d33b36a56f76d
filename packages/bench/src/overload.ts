/**
 * What is left of what a server can do while it is offered twice that.
 *
 * The generator has a core of its own, and the server the other: on one they would take from each
 * other, and a generator that offers twice as much would leave less to the server. The most that
 * the server can do is measured just before, by the same generator over the same cores.
 */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { type Child, startChild } from './child.ts'
import { median, quantileOf } from './curve.ts'
import type { LoadProtocol } from './load-process.ts'
import type { Busy, Offered } from './open-loop.ts'
import type { ServerRun } from './server-run.ts'

export interface OverloadOptions {
  readonly run: ServerRun
  /** File of the vectors that are searched for. */
  readonly queries: string
  readonly collection: string
  /** Of overload, and of finding the most that the server can do. */
  readonly seconds: number
  readonly peakSeconds: number
  readonly note: (line: string) => void
}

export interface Overload {
  readonly peakPerSecond: number
  readonly offeredPerSecond: number
  readonly answeredPerSecond: number
  readonly refusedPerSecond: number
  readonly failed: Readonly<Record<string, number>>
  /** Of what was answered, and how soon others were refused. */
  readonly p50Ms: number
  readonly p99Ms: number
  readonly refusedP99Ms: number
  /** How late the generator itself was. */
  readonly lateP99Ms: number
  /** Resident bytes: before, and medians of the second and of the last quarter meanwhile. */
  readonly bytes: { readonly before: number; readonly second: number; readonly last: number }
  /** Elections meanwhile, of all groups. */
  readonly terms: number
}

const SERVER_CORE = '0'
const GENERATOR_CORE = '1'
/** Searches at once that keep the server busy all the time. */
const BUSY = 64
const FACTOR = 2
const RECORD_EVERY_MS = 250

export async function measureOverload(
  protocol: LoadProtocol,
  options: OverloadOptions,
): Promise<Overload> {
  const { run, queries, collection, note } = options
  const { grpc, url, apiKey, pid } = run.server()
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', SERVER_CORE, String(pid)])
  const generator = startChild({
    name: 'generator',
    program: process.execPath,
    args: [join(import.meta.dirname, 'load-process.ts')],
    cores: GENERATOR_CORE,
  })
  try {
    const server = { grpcAddress: grpc, url, apiKey, collection, queries }
    await generator.call({ op: 'connect', protocol, ...server })
    note(`the most that the server can do over ${protocol} on one core`)
    const peakPerSecond = await findPeak(generator, options.peakSeconds)
    note(`twice that for ${options.seconds} s`)
    const termsBefore = await run.metric('raft_term')
    const before = run.residentBytes()
    const perSecond = FACTOR * peakPerSecond
    const offer = { op: 'offer', perSecond, seconds: options.seconds }
    const record: number[] = []
    const recorder = setInterval(() => record.push(run.residentBytes()), RECORD_EVERY_MS)
    const offered = await generator.call<Offered>(offer).finally(() => clearInterval(recorder))
    const quarter = (number: number) =>
      median(record.slice((number * record.length) / 4, ((number + 1) * record.length) / 4))
    const { seconds, answeredMs, refusedMs } = offered
    return {
      peakPerSecond,
      offeredPerSecond: offered.sent / seconds,
      answeredPerSecond: offered.answeredMeanwhile / seconds,
      refusedPerSecond: refusedMs.length / seconds,
      failed: offered.failed,
      p50Ms: quantileOf(answeredMs, 0.5),
      p99Ms: quantileOf(answeredMs, 0.99),
      refusedP99Ms: refusedMs.length === 0 ? 0 : quantileOf(refusedMs, 0.99),
      lateP99Ms: quantileOf(offered.lateMs, 0.99),
      bytes: { before, second: quarter(1), last: quarter(3) },
      terms: (await run.metric('raft_term')) - termsBefore,
    }
  } finally {
    await generator.close()
  }
}

/** Once for warmth, and then for real. */
async function findPeak(generator: Child, seconds: number): Promise<number> {
  const keepBusy = () => generator.call<Busy>({ op: 'keep-busy', inFlight: BUSY, seconds })
  await keepBusy()
  const { answeredPerSecond, others } = await keepBusy()
  const failed = Object.keys(others)
  if (failed.length > 0) throw new Error(`within what it can do the server said: ${failed}`)
  return answeredPerSecond
}

/** The figures of one protocol, by their names. */
export function overloadFigures(protocol: LoadProtocol, overload: Overload): [string, number][] {
  const { peakPerSecond, answeredPerSecond, failed, bytes } = overload
  const figures = {
    peak_per_s: peakPerSecond,
    offered_per_s: overload.offeredPerSecond,
    answered_per_s: answeredPerSecond,
    goodput: answeredPerSecond / peakPerSecond,
    refused_per_s: overload.refusedPerSecond,
    failed: Object.values(failed).reduce((sum, count) => sum + count, 0),
    p50_ms: overload.p50Ms,
    p99_ms: overload.p99Ms,
    refused_p99_ms: overload.refusedP99Ms,
    generator_late_p99_ms: overload.lateP99Ms,
    terms: overload.terms,
    bytes_before: bytes.before,
    bytes_second_quarter: bytes.second,
    bytes_last_quarter: bytes.last,
  }
  return Object.entries(figures).map(([name, value]) => [
    `server.overload.${protocol}.${name}`,
    value,
  ])
}
