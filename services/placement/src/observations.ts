/**
 * Observations: what placement's leader has heard from workers since it leads.
 *
 * Never replicated and never stored: after a change of leader it begins anew and fills again within
 * a heartbeat. Decisions that need more than the last word of each worker belong into the catalog.
 * Silence is measured from the beginning of the leadership for workers that were not heard yet.
 */

import type { Clock } from '@vectron/base'
import { placement } from '@vectron/contracts'
import { IdMap, type ReadonlyIdMap } from './id-map.ts'

export interface WorkerObservation {
  /** By placement's clock, for people. */
  readonly lastHeartbeatMs: number
  /** By the clock that never goes back, for decisions. */
  readonly heardMs: number
  readonly bootEpoch: bigint
  readonly load: placement.WorkerLoad | undefined
  /** By shard. */
  readonly replicas: ReadonlyIdMap<placement.ReplicaReport>
  /** By shard: since when its replica fails, monotonic milliseconds. */
  readonly failing: ReadonlyIdMap<number>
  readonly replicaBytes: bigint
}

export interface LeaderObservation {
  readonly workerId: bigint
  readonly term: bigint
  readonly report: placement.ReplicaReport
  /** Since when its leaders report a joint configuration, monotonic milliseconds. */
  readonly jointSinceMs: number | undefined
}

/** How long a worker may be silent. */
export interface SilenceLimits {
  /** Milliseconds after which it gets no new replicas. */
  readonly silentMs: number
  /** Milliseconds after which its replicas are rebuilt elsewhere. */
  readonly deadMs: number
}

export class Observations {
  readonly #clock: Clock
  readonly #startMs: number
  readonly #workers = new IdMap<WorkerObservation>()
  /** When a worker registered, monotonic milliseconds. */
  readonly #registered = new IdMap<number>()
  readonly #leaders = new IdMap<LeaderObservation>()
  readonly #leads = new IdMap<Set<bigint>>()
  /** Since when a shard was seen without a leader. */
  readonly #leaderless = new IdMap<number>()

  constructor(clock: Clock) {
    this.#clock = clock
    this.#startMs = this.monotonicMs
  }

  get workers(): ReadonlyIdMap<WorkerObservation> {
    return this.#workers
  }

  get monotonicMs(): number {
    return this.#clock.monotonicUs() / 1000
  }

  /** Milliseconds since the leadership, and with it these observations, began. */
  get ageMs(): number {
    return this.monotonicMs - this.#startMs
  }

  /** The worker that leads a shard, as far as heard. */
  leaderOf(shardId: bigint): LeaderObservation | undefined {
    return this.#leaders.get(shardId)
  }

  /** How many shards a worker leads. */
  leadersOn(workerId: bigint): number {
    return this.#leads.get(workerId)?.size ?? 0
  }

  stateOf(workerId: bigint, { silentMs, deadMs }: SilenceLimits): placement.WorkerState {
    const heardMs = this.#workers.get(workerId)?.heardMs ?? this.#registered.get(workerId)
    const silence = this.monotonicMs - (heardMs ?? this.#startMs)
    if (silence >= deadMs) return placement.WorkerState.DEAD
    return silence >= silentMs ? placement.WorkerState.SILENT : placement.WorkerState.UP
  }

  /** A worker registers: its first heartbeat will follow. */
  register(workerId: bigint): void {
    this.#registered.set(workerId, this.monotonicMs)
  }

  /** Why a shard may have no leader: what one of its voters fails by, as far as heard. */
  failureOf({ shardId, replicas }: placement.ShardRouting): placement.ReplicaReport['failure'] {
    for (const { workerId, learner } of replicas) {
      if (learner) continue
      const failure = this.#workers.get(workerId)?.replicas.get(shardId)?.failure
      if (failure !== undefined) return failure
    }
    return undefined
  }

  /** Milliseconds since a shard was first seen without a leader; the caller sees it so now. */
  leaderlessMs(shardId: bigint): number {
    const now = this.monotonicMs
    const since = this.#leaderless.get(shardId)
    if (since === undefined) this.#leaderless.set(shardId, now)
    return now - (since ?? now)
  }

  /** Takes a heartbeat in; true when a shard has another leader, or fails otherwise than before. */
  record(heartbeat: placement.HeartbeatRequest): boolean {
    const { workerId, bootEpoch, load } = heartbeat
    const replicas = new IdMap<placement.ReplicaReport>()
    const failing = new IdMap<number>()
    const heardMs = this.monotonicMs
    let replicaBytes = 0n
    let changed = false
    const known = this.#workers.get(workerId)
    // The last word of an earlier life of the worker, overtaken on its way.
    if (known !== undefined && known.bootEpoch > bootEpoch) return false
    const before = known?.replicas
    for (const report of heartbeat.replicas) {
      replicas.set(report.shardId, report)
      replicaBytes += report.diskBytes
      const failure = before?.get(report.shardId)?.failure
      if (report.failure?.message !== failure?.message) changed = true
      if (report.failure !== undefined) {
        failing.set(report.shardId, known?.failing.get(report.shardId) ?? heardMs)
      }
    }
    this.#workers.set(workerId, {
      lastHeartbeatMs: this.#clock.nowMs(),
      heardMs,
      bootEpoch,
      load,
      replicas,
      failing,
      replicaBytes,
    })
    if (this.#dropLost(workerId, replicas)) changed = true
    for (const report of heartbeat.replicas) {
      if (report.leader && this.#recordLeader(workerId, report)) changed = true
    }
    return changed
  }

  /** A worker is no more. */
  forgetWorker(workerId: bigint): void {
    this.#dropLost(workerId, new IdMap())
    this.#workers.delete(workerId)
    this.#registered.delete(workerId)
  }

  #recordLeader(workerId: bigint, report: placement.ReplicaReport): boolean {
    const { shardId, term, leadership } = report
    const known = this.#leaders.get(shardId)
    // An older term is the word of a leader that has not heard yet that it was replaced.
    if (known !== undefined && known.term > term) return false
    const jointSinceMs = leadership?.joint ? (known?.jointSinceMs ?? this.monotonicMs) : undefined
    this.#leaders.set(shardId, { workerId, term, report, jointSinceMs })
    this.#leaderless.delete(shardId)
    if (known?.workerId === workerId) return false
    if (known !== undefined) this.#leads.get(known.workerId)?.delete(shardId)
    const leads = this.#leads.get(workerId) ?? new Set<bigint>()
    this.#leads.set(workerId, leads.add(shardId))
    return true
  }

  /** Forgets leaderships that the worker held and no longer reports. */
  #dropLost(workerId: bigint, now: ReadonlyIdMap<placement.ReplicaReport>): boolean {
    let changed = false
    const leads = this.#leads.get(workerId)
    for (const shardId of leads ?? []) {
      if (now.get(shardId)?.leader === true) continue
      leads?.delete(shardId)
      this.#leaders.delete(shardId)
      changed = true
    }
    return changed
  }
}
