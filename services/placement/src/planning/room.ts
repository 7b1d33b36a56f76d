/**
 * Room: how much may still be begun, and how full workers will be once all that runs is done.
 *
 * Counts what operators that run, and proposals accepted in this round, will bring and take. So
 * what one proposal does is seen by the next, and a worker is never sent more than it can take in.
 */

import { IdMap } from '../id-map.ts'
import { type ClusterView, isEligible, type ShardView, type WorkerView } from './cluster-view.ts'
import type { Proposal } from './proposal.ts'
import { bytesOf, isAlive, isCaughtUp, type MemberKind, membersOf } from './shard-health.ts'
import type { Step } from './step.ts'

interface Load {
  replicas: number
  leaders: number
  bytes: number
  receiving: number
  sending: number
  transfers: number
}

/** What of a proposal is still to be done. */
export type Remaining = Pick<Proposal, 'shardId'> & { readonly steps: readonly Step[] }

export class Room {
  readonly #view: ClusterView
  readonly #loads = new IdMap<Load>()

  constructor(view: ClusterView, running: Iterable<Remaining>) {
    this.#view = view
    for (const { workerId, replicas, leaders, replicaBytes } of view.workers.values()) {
      const nothing = { receiving: 0, sending: 0, transfers: 0 }
      this.#loads.set(workerId, { replicas, leaders, bytes: replicaBytes, ...nothing })
    }
    for (const remaining of running) this.take(remaining)
  }

  replicasOn(workerId: bigint): number {
    return this.#loads.get(workerId)?.replicas ?? 0
  }

  leadersOn(workerId: bigint): number {
    return this.#loads.get(workerId)?.leaders ?? 0
  }

  bytesOn(workerId: bigint): number {
    return this.#loads.get(workerId)?.bytes ?? 0
  }

  /** Whether one more replica may be sent to the worker; of balance fewer than of repairs. */
  mayReceive(workerId: bigint, isBalance: boolean): boolean {
    const receivesMax = isBalance ? 1 : this.#view.settings.receivesMax
    return (this.#loads.get(workerId)?.receiving ?? 0) < receivesMax
  }

  /** Whether the shard's leader may send one more replica. */
  maySend({ leader }: ShardView): boolean {
    const load = leader === undefined ? undefined : this.#loads.get(leader.workerId)
    return load !== undefined && load.sending < this.#view.settings.sendsMax
  }

  mayTransfer(workerId: bigint): boolean {
    return (this.#loads.get(workerId)?.transfers ?? 0) < this.#view.settings.transfersMax
  }

  /** Counts a proposal in. */
  take({ shardId, steps }: Remaining): void {
    const shard = this.#view.shards.get(shardId)
    for (const step of steps) this.#takeStep(step, shard)
  }

  #takeStep(step: Step, shard: ShardView | undefined): void {
    const load = this.#loads.get(step.workerId)
    const leader = shard?.leader && this.#loads.get(shard.leader.workerId)
    switch (step.kind) {
      case 'add': {
        // Counted already when the catalog has it.
        const isThere = shard?.replicas.some(({ workerId }) => workerId === step.workerId)
        if (load !== undefined && !isThere) {
          load.replicas += 1
          load.bytes += shard === undefined ? 0 : bytesOf(shard)
        }
        return
      }
      case 'catch-up':
        if (load !== undefined) load.receiving += 1
        if (leader !== undefined) leader.sending += 1
        return
      case 'forget': {
        const replica = shard?.replicas.find(({ replicaId }) => replicaId === step.replicaId)
        if (load === undefined || replica === undefined) return
        load.replicas -= 1
        load.bytes -= replica.diskBytes
        return
      }
      case 'lead-on':
        if (load !== undefined) {
          load.leaders += 1
          load.transfers += 1
        }
        if (leader !== undefined) leader.leaders -= 1
        return
      case 'promote':
      case 'lead-elsewhere':
      case 'remove':
        return
    }
  }
}

/** Where a replica may go: a worker, or why nowhere. */
export type Choice =
  | { readonly kind: 'worker'; readonly worker: WorkerView }
  /** Workers or leaders are busy with others: later. */
  | { readonly kind: 'later' }
  | { readonly kind: 'nowhere' }

/** What a worker is sought for: a member of a kind, in the place of another where one is named. */
export interface Seat {
  readonly kind: MemberKind
  readonly oldReplicaId?: bigint
}

/**
 * The worker that had best take a member of the shard: in the zone with the fewest others of the
 * shard, and there the one with the fewest replicas of all.
 *
 * Where none can take a voter, or none in as good a zone, a search-only replica that has the log
 * votes instead: durability comes before searches. What lacks then is a search-only replica, which
 * is judged by itself.
 */
export function chooseWorker(view: ClusterView, room: Room, shard: ShardView, seat: Seat): Choice {
  const free = chooseFreeWorker(view, room, shard, seat)
  if (free.kind === 'later' || seat.kind === 'search-only') return free
  const inZone = countZones(shard, seat)
  const rank = ({ zone }: WorkerView) => inZone.get(zone) ?? 0
  const hosts = electableHosts(view, shard)
  const best = hosts.reduce<WorkerView | undefined>(
    (least, worker) => (least === undefined || rank(worker) < rank(least) ? worker : least),
    undefined,
  )
  if (best === undefined) return free
  const isBetter = free.kind === 'nowhere' || rank(best) < rank(free.worker)
  return isBetter ? { kind: 'worker', worker: best } : free
}

/** Workers whose search-only replica of the shard could vote at once. */
function electableHosts(view: ClusterView, shard: ShardView): WorkerView[] {
  const hosts: WorkerView[] = []
  for (const replica of membersOf(shard, 'search-only')) {
    const { worker } = replica
    const mayVote =
      !replica.isLost &&
      isEligible(worker) &&
      isAlive(shard, replica) &&
      isCaughtUp(shard, replica, view.settings.caughtUpLag)
    if (mayVote) hosts.push(worker)
  }
  return hosts
}

function chooseFreeWorker(view: ClusterView, room: Room, shard: ShardView, seat: Seat): Choice {
  const inZone = countZones(shard, seat)
  const rank = ({ zone }: WorkerView) => inZone.get(zone) ?? 0
  let best: WorkerView | undefined
  let isBusy = false
  for (const worker of view.workers.values()) {
    if (!mayTake(view, shard, worker)) continue
    if (!room.mayReceive(worker.workerId, false)) isBusy = true
    else if (best === undefined || compare(worker, best) < 0) best = worker
  }
  if (best === undefined) return { kind: isBusy ? 'later' : 'nowhere' }
  return room.maySend(shard) ? { kind: 'worker', worker: best } : { kind: 'later' }

  function compare(a: WorkerView, b: WorkerView): number {
    return (
      rank(a) - rank(b) ||
      room.replicasOn(a.workerId) - room.replicasOn(b.workerId) ||
      (a.workerId < b.workerId ? -1 : 1)
    )
  }
}

/** Whether a worker could host another replica of the shard. */
export function mayTake(view: ClusterView, shard: ShardView, worker: WorkerView): boolean {
  if (!isEligible(worker)) return false
  if (shard.replicas.some(({ workerId }) => workerId === worker.workerId)) return false
  const { freeBytes } = worker
  return freeBytes === undefined || freeBytes >= bytesOf(shard) + view.settings.freeBytesMin
}

/**
 * Replicas of a shard in each zone that one of a kind should keep away from, those that leave and
 * the old one not counted: a voter from voters, whatever is there for searches; one for searches
 * from all.
 */
export function countZones({ replicas }: ShardView, { kind, oldReplicaId }: Seat) {
  const counts = new Map<string, number>()
  for (const { replicaId, leaving, searchOnly, worker } of replicas) {
    if (leaving || replicaId === oldReplicaId || worker === undefined) continue
    if (kind === 'voter' && searchOnly) continue
    counts.set(worker.zone, (counts.get(worker.zone) ?? 0) + 1)
  }
  return counts
}
