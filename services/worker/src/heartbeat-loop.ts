/**
 * The conversation with placement: reports go out, assignments and commands come in.
 *
 * Each heartbeat says how the replicas are and which assignments the worker holds; placement keeps
 * the answer back until there are newer ones or the interval is over. What the assignments changed
 * is reported by the next heartbeat, at once, as is a new leader or new members: the heartbeat that
 * placement keeps back is given up for it. While something is not as assigned, or does not serve
 * yet, heartbeats follow each other closely. When placement does not answer, the worker goes on
 * with what it has.
 */

import type { MessageInitShape } from '@bufbuild/protobuf'
import { type Clock, type Logger, type ProcessLoad, sleep, type WorkerId } from '@vectron/base'
import type { placement } from '@vectron/contracts'
import type { Client } from '@vectron/rpc'
import type { DiskGuard } from './disk-guard.ts'
import type { PeerDirectory } from './peer-directory.ts'
import { ReplicaReports } from './replica-report.ts'
import type { ShardRegistry } from './shard-registry.ts'

/** Milliseconds that placement may keep a heartbeat back; also the interval of heartbeats. */
const HEARTBEAT_WAIT_MS = 1000
/** The same while something is not as assigned; doubled each time, up to the interval. */
const UNSETTLED_WAIT_MS_FIRST = 2
/** Milliseconds beyond the wait after which a heartbeat counts as lost. */
const HEARTBEAT_GRACE_MS = 5000
const PAUSE_AFTER_FAILURE_MS = 500
/** Milliseconds between a reason to report and the report: what else comes goes with it. */
const WAKE_PAUSE_MS_MIN = 5
/** Milliseconds between reports of that kind: many groups that elect make one report, not many. */
const WAKE_EVERY_MS = 100

const NO_LOAD = { cpuCores: 0, memoryBytes: 0 }

export interface HeartbeatOptions {
  readonly placement: Client<typeof placement.Placement>
  readonly registry: ShardRegistry
  readonly peers: PeerDirectory
  readonly diskGuard: Pick<DiskGuard, 'freeBytes'>
  /** How busy this process is; absent where that is of no interest. */
  readonly processLoad: Pick<ProcessLoad, 'look'> | undefined
  readonly workerId: WorkerId
  /** Differs in each run of the worker. */
  readonly bootEpoch: bigint
  readonly clock: Clock
  readonly logger: Logger
}

export class HeartbeatLoop {
  readonly #options: HeartbeatOptions
  readonly #reports: ReplicaReports
  readonly #stopping = new AbortController()
  readonly #reported = Promise.withResolvers<void>()
  #knownVersion = 0n
  #assignments: readonly placement.Assignment[] = []
  /** Whether all was as assigned when the last heartbeat had been answered. */
  #settled = false
  #waitMs = UNSETTLED_WAIT_MS_FIRST
  #running: Promise<void> | undefined
  #beating = new AbortController()
  #isWoken = false

  constructor(options: HeartbeatOptions) {
    this.#options = options
    this.#reports = new ReplicaReports(options)
  }

  /** Begins; settles when placement knows that every assigned shard serves, or has failed. */
  start(): Promise<void> {
    this.#running = this.#run()
    return this.#reported.promise
  }

  /** Something is to be reported now: ends the heartbeat that placement keeps back. */
  wake(): void {
    this.#isWoken = true
    this.#beating.abort()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    const { logger, clock } = this.#options
    while (!signal.aborted) {
      this.#beating = new AbortController()
      this.#isWoken = false
      const startUs = clock.monotonicUs()
      try {
        await this.#beat(AbortSignal.any([signal, this.#beating.signal]))
      } catch (error) {
        if (signal.aborted) return
        if (!this.#isWoken) logger.warn({ err: error }, 'placement does not answer the heartbeat')
        const pauseMs = this.#isWoken ? this.#wakePauseMs(startUs) : PAUSE_AFTER_FAILURE_MS
        await sleep(clock, pauseMs, signal).catch(() => {})
      }
    }
  }

  #wakePauseMs(startUs: number): number {
    const beatMs = (this.#options.clock.monotonicUs() - startUs) / 1000
    return Math.max(WAKE_PAUSE_MS_MIN, WAKE_EVERY_MS - beatMs)
  }

  async #beat(signal: AbortSignal): Promise<void> {
    const { placement, registry, peers } = this.#options
    const knownVersion = this.#knownVersion
    const waitMs = this.#settled ? HEARTBEAT_WAIT_MS : this.#waitMs
    const reportsAll = knownVersion !== 0n && registry.isServing
    const answer = await placement.heartbeat(this.#report(knownVersion, waitMs), {
      timeoutMs: waitMs + HEARTBEAT_GRACE_MS,
      signal,
    })
    if (reportsAll) this.#reported.resolve()
    registry.carryOut(answer.commands)
    if (answer.version === knownVersion && this.#settled && !registry.hasBroken) return
    const isNew = answer.version !== knownVersion
    if (isNew) {
      this.#assignments = answer.assignments
      peers.replace(answer.peers)
    }
    const asAssigned = await registry.reconcile(this.#assignments)
    this.#knownVersion = answer.version
    // New assignments count as settled when their first report has been answered.
    this.#settled = asAssigned && !isNew
    this.#waitMs = isNew ? UNSETTLED_WAIT_MS_FIRST : Math.min(HEARTBEAT_WAIT_MS, 2 * this.#waitMs)
  }

  #report(
    knownVersion: bigint,
    waitMs: number,
  ): MessageInitShape<typeof placement.HeartbeatRequestSchema> {
    const { workerId, bootEpoch, diskGuard, processLoad } = this.#options
    const replicas = this.#reports.all()
    const diskUsedBytes = replicas.reduce((sum, { diskBytes }) => sum + diskBytes, 0n)
    const { cpuCores, memoryBytes } = processLoad?.look() ?? NO_LOAD
    const load = {
      diskUsedBytes,
      diskFreeBytes: BigInt(diskGuard.freeBytes),
      cpuCores,
      memoryBytes: BigInt(memoryBytes),
    }
    return { workerId, bootEpoch, replicas, knownVersion, waitMs, load }
  }
}
