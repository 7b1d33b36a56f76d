/**
 * The conversation with placement: reports go out, assignments come in.
 *
 * Each heartbeat says how the replicas are and which assignments the worker holds; placement keeps
 * the answer back until there are newer ones or the interval is over. What the assignments changed
 * is reported by the next heartbeat, at once; while something is not as assigned, or does not serve
 * yet, heartbeats follow each other closely. When placement does not answer, the worker goes on
 * with what it has.
 */

import { create } from '@bufbuild/protobuf'
import { type Clock, type Logger, sleep, VectronError, type WorkerId } from '@vectron/base'
import { placement, worker } from '@vectron/contracts'
import type { Client } from '@vectron/rpc'
import type { HostedShard } from './hosted-shard.ts'
import type { ShardRegistry } from './shard-registry.ts'

/** Milliseconds that placement may keep a heartbeat back; also the interval of heartbeats. */
const HEARTBEAT_WAIT_MS = 1000
/** The same while something is not as assigned; doubled each time, up to the interval. */
const UNSETTLED_WAIT_MS_FIRST = 2
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
  readonly #reported = Promise.withResolvers<void>()
  #knownVersion = 0n
  #assignments: readonly placement.Assignment[] = []
  /** Whether all was as assigned when the last heartbeat had been answered. */
  #settled = false
  #waitMs = UNSETTLED_WAIT_MS_FIRST
  #running: Promise<void> | undefined

  constructor(options: HeartbeatOptions) {
    this.#options = options
  }

  /** Begins; settles when placement knows that every assigned shard serves, or has failed. */
  start(): Promise<void> {
    this.#running = this.#run()
    return this.#reported.promise
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      try {
        await this.#beat()
      } catch (error) {
        if (signal.aborted) return
        this.#options.logger.warn({ err: error }, 'placement does not answer the heartbeat')
        await sleep(this.#options.clock, PAUSE_AFTER_FAILURE_MS, signal).catch(() => {})
      }
    }
  }

  async #beat(): Promise<void> {
    const { placement, registry, workerId, bootEpoch } = this.#options
    const knownVersion = this.#knownVersion
    const waitMs = this.#settled ? HEARTBEAT_WAIT_MS : this.#waitMs
    const reportsAll = knownVersion !== 0n && registry.isServing
    const answer = await placement.heartbeat(
      { workerId, bootEpoch, replicas: reportReplicas(registry), knownVersion, waitMs },
      { timeoutMs: waitMs + HEARTBEAT_GRACE_MS, signal: this.#stopping.signal },
    )
    if (reportsAll) this.#reported.resolve()
    if (answer.version === knownVersion && this.#settled) return
    const isNew = answer.version !== knownVersion
    if (isNew) this.#assignments = answer.assignments
    const asAssigned = await registry.reconcile(this.#assignments)
    this.#knownVersion = answer.version
    // New assignments count as settled when their first report has been answered.
    this.#settled = asAssigned && !isNew
    this.#waitMs = isNew ? UNSETTLED_WAIT_MS_FIRST : Math.min(HEARTBEAT_WAIT_MS, 2 * this.#waitMs)
  }
}

function reportReplicas(registry: ShardRegistry): placement.ReplicaReport[] {
  const failed = registry.failed.map(({ shardId, replicaId, error }) =>
    create(placement.ReplicaReportSchema, { shardId, replicaId, failure: toFailure(error) }),
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
