/**
 * Observations: what placement's leader has heard from workers since it leads.
 *
 * Never replicated and never stored: after a change of leader it fills again within a heartbeat.
 * Decisions that need more than the last word of each worker belong into the catalog.
 */

import type { placement } from '@vectron/contracts'

export interface WorkerObservation {
  readonly lastHeartbeatMs: number
  readonly bootEpoch: bigint
  readonly replicas: ReadonlyMap<bigint, placement.ReplicaReport>
}

export interface LeaderObservation {
  readonly workerId: bigint
  readonly term: bigint
  readonly report: placement.ReplicaReport
}

export class Observations {
  readonly #workers = new Map<bigint, WorkerObservation>()
  readonly #leaders = new Map<bigint, LeaderObservation>()

  get workers(): ReadonlyMap<bigint, WorkerObservation> {
    return this.#workers
  }

  /** The worker that leads a shard, as far as heard. */
  leaderOf(shardId: bigint): LeaderObservation | undefined {
    return this.#leaders.get(shardId)
  }

  /** Why a replica of a shard does not serve, as far as one of the workers said. */
  failureOf(shardId: bigint): placement.ReplicaReport['failure'] {
    for (const { replicas } of this.#workers.values()) {
      const failure = replicas.get(shardId)?.failure
      if (failure !== undefined) return failure
    }
    return undefined
  }

  /** Takes a heartbeat in; true when a shard has another leader, or fails otherwise than before. */
  record(heartbeat: placement.HeartbeatRequest, nowMs: number): boolean {
    const { workerId, bootEpoch } = heartbeat
    const replicas = new Map(heartbeat.replicas.map((report) => [report.shardId, report]))
    const before = this.#workers.get(workerId)?.replicas
    this.#workers.set(workerId, { lastHeartbeatMs: nowMs, bootEpoch, replicas })

    let changed = this.#dropLost(workerId, replicas)
    for (const [shardId, { failure }] of replicas) {
      if (failure?.message !== before?.get(shardId)?.failure?.message) changed = true
    }
    for (const report of heartbeat.replicas) {
      if (report.leader && this.#recordLeader(workerId, report)) changed = true
    }
    return changed
  }

  #recordLeader(workerId: bigint, report: placement.ReplicaReport): boolean {
    const known = this.#leaders.get(report.shardId)
    // An older term is the word of a leader that has not heard yet that it was replaced.
    if (known !== undefined && known.term > report.term) return false
    this.#leaders.set(report.shardId, { workerId, term: report.term, report })
    return known?.workerId !== workerId
  }

  /** Forgets leaderships that the worker held and no longer reports. */
  #dropLost(workerId: bigint, now: ReadonlyMap<bigint, placement.ReplicaReport>): boolean {
    let changed = false
    for (const [shardId, leader] of this.#leaders) {
      if (leader.workerId !== workerId || now.get(shardId)?.leader === true) continue
      this.#leaders.delete(shardId)
      changed = true
    }
    return changed
  }
}
