/**
 * The conversation with placement: reports go out, assignments come in.
 *
 * Each heartbeat says how the replicas are and which assignments the worker holds; placement keeps
 * the answer back until there are newer ones or the interval is over. News of this worker (a shard
 * opened, a leader elected) end the waiting call and start the next one at once. When placement
 * does not answer, the worker goes on with what it has.
 */

import { create } from '@bufbuild/protobuf'
import { type Clock, type Logger, sleep, VectronError, type WorkerId } from '@vectron/base'
import { placement, worker } from '@vectron/contracts'
import type { Client } from '@vectron/rpc'
import type { HostedShard } from './hosted-shard.ts'
import type { ShardRegistry } from './shard-registry.ts'

/** Milliseconds that placement may keep a heartbeat back; also the interval of heartbeats. */
const HEARTBEAT_WAIT_MS = 1000
/** The same while something is not as assigned yet. */
const UNSETTLED_WAIT_MS = 100
/** Milliseconds beyond the wait after which a heartbeat counts as lost. */
const HEARTBEAT_GRACE_MS = 5000
const PAUSE_AFTER_FAILURE_MS = 500

export interface HeartbeatOptions {
  readonly placement: Client<typeof placement.Placement>
  readonly registry: ShardRegistry
  readonly workerId: WorkerId
  /** Differs in each run of the worker. */
  readonly bootEpoch: bigint
  readonly clock: Clock
  readonly logger: Logger
}

export class HeartbeatLoop {
  readonly #options: HeartbeatOptions
  readonly #stopping = new AbortController()
  readonly #firstAnswer = Promise.withResolvers<void>()
  #knownVersion = 0n
  #assignments: readonly placement.Assignment[] = []
  #settled = true
  #waiting: AbortController | undefined
  #running: Promise<void> | undefined

  constructor(options: HeartbeatOptions) {
    this.#options = options
  }

  /** Begins; settles when the first assignments are carried out. */
  start(): Promise<void> {
    this.#running = this.#run()
    return this.#firstAnswer.promise
  }

  /** Something that placement should know has changed. */
  reportNow(): void {
    this.#waiting?.abort()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#waiting?.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      try {
        await this.#beat()
      } catch (error) {
        // A call that reportNow() ended is followed by the next one at once.
        if (signal.aborted || this.#waiting?.signal.aborted) continue
        this.#options.logger.warn({ err: error }, 'placement does not answer the heartbeat')
        await sleep(this.#options.clock, PAUSE_AFTER_FAILURE_MS, signal).catch(() => {})
      }
    }
  }

  async #beat(): Promise<void> {
    const { placement, registry, workerId, bootEpoch } = this.#options
    const knownVersion = this.#knownVersion
    const waitMs = this.#settled ? HEARTBEAT_WAIT_MS : UNSETTLED_WAIT_MS
    this.#waiting = new AbortController()
    const answer = await placement.heartbeat(
      { workerId, bootEpoch, replicas: reportReplicas(registry), knownVersion, waitMs },
      { timeoutMs: waitMs + HEARTBEAT_GRACE_MS, signal: this.#waiting.signal },
    )
    if (answer.version !== knownVersion) this.#assignments = answer.assignments
    else if (this.#settled) return
    this.#settled = await registry.reconcile(this.#assignments)
    this.#knownVersion = answer.version
    this.#firstAnswer.resolve()
  }
}

function reportReplicas(registry: ShardRegistry): placement.ReplicaReport[] {
  const failed = [...registry.failed].map(([shardId, error]) =>
    create(placement.ReplicaReportSchema, { shardId, failure: toFailure(error) }),
  )
  return [...registry.open.map(reportReplica), ...failed]
}

function reportReplica({ shard, schemaVersion }: HostedShard): placement.ReplicaReport {
  const { shardId, replicaId, status, failure } = shard
  if (failure !== undefined || status === undefined) {
    const why = failure ?? new VectronError('SHARD_UNAVAILABLE', 'Its Raft group has failed.')
    return create(placement.ReplicaReportSchema, { shardId, replicaId, failure: toFailure(why) })
  }
  return create(placement.ReplicaReportSchema, {
    shardId,
    replicaId,
    leader: status.role === 'leader',
    term: status.term,
    appliedIndex: status.applied,
    schemaVersion,
  })
}

function toFailure({ reason, message }: VectronError): worker.ShardFailure {
  return create(worker.ShardFailureSchema, { reason, message })
}
