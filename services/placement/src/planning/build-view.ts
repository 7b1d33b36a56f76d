/**
 * Builds the ClusterView from the catalog and from what workers have reported.
 */

import { placement } from '@vectron/contracts'
import { nameOf } from '../catalog.ts'
import { IdMap, type ReadonlyIdMap } from '../id-map.ts'
import type { Sources } from '../routing-message.ts'
import type { PlacedShard } from '../shard-index.ts'
import {
  type ClusterView,
  isEligible,
  type LeaderView,
  type ReplicaView,
  type ShardView,
  type ShardViews,
  type WorkerView,
} from './cluster-view.ts'
import type { PlanSettings } from './plan-settings.ts'

export interface ViewOptions {
  readonly settings: PlanSettings
  /** Only these shards; left out: all. */
  readonly shardIds?: Iterable<bigint>
}

/** Reasons of failures after which a replica never serves again; others may pass. */
const LOST: ReadonlySet<string> = new Set(['REPLICA_LOST', 'DATA_CORRUPT'])

/** A worker with what it reported, so that both are found by one look. */
interface Heard {
  readonly worker: WorkerView
  readonly reports: ReadonlyIdMap<placement.ReplicaReport> | undefined
  /** Whether a failure of a shard's replica there lasts for as long as a dead worker is silent. */
  readonly failsForLong: (shardId: bigint) => boolean
}

export function buildView(sources: Sources, { settings, shardIds }: ViewOptions): ClusterView {
  const { catalog } = sources
  const heard = hearWorkers(sources)
  const shards: ShardView[] = []
  if (shardIds === undefined) {
    for (const placed of catalog.shards.values()) shards.push(buildShard(sources, heard, placed))
  } else {
    for (const shardId of shardIds) {
      const placed = catalog.shards.get(shardId)
      if (placed !== undefined) shards.push(buildShard(sources, heard, placed))
    }
  }
  const workers = new IdMap<WorkerView>()
  const zones = new Map<string, number>()
  for (const { worker } of heard.values()) {
    workers.set(worker.workerId, worker)
    if (isEligible(worker)) zones.set(worker.zone, (zones.get(worker.zone) ?? 0) + 1)
  }
  return { settings, workers, shards: new ShardList(shards), zones }
}

/** Shards, by their ids only when somebody asks: a round over a calm cluster never does. */
class ShardList implements ShardViews {
  readonly #shards: readonly ShardView[]
  #index: IdMap<ShardView> | undefined

  constructor(shards: readonly ShardView[]) {
    this.#shards = shards
  }

  values(): readonly ShardView[] {
    return this.#shards
  }

  get(shardId: bigint): ShardView | undefined {
    this.#index ??= this.#shards.reduce(
      (index, shard) => index.set(shard.shardId, shard),
      new IdMap<ShardView>(),
    )
    return this.#index.get(shardId)
  }
}

function hearWorkers({ catalog, observations, silence }: Sources): IdMap<Heard> {
  const heard = new IdMap<Heard>()
  for (const { workerId, zone, draining } of catalog.workers.values()) {
    const observed = observations.workers.get(workerId)
    const load = observed?.load
    const worker: WorkerView = {
      workerId,
      zone,
      draining,
      life: lifeOf(observations.stateOf(workerId, silence)),
      isHeard: observed !== undefined,
      replicas: catalog.hostedBy(workerId).size,
      leaders: observations.leadersOn(workerId),
      replicaBytes: Number(observed?.replicaBytes ?? 0n),
      freeBytes: load === undefined ? undefined : Number(load.diskFreeBytes),
    }
    const failsForLong = (shardId: bigint) => {
      const sinceMs = observed?.failing.get(shardId)
      return sinceMs !== undefined && observations.monotonicMs - sinceMs >= silence.deadMs
    }
    heard.set(workerId, { worker, reports: observed?.replicas, failsForLong })
  }
  return heard
}

function lifeOf(state: placement.WorkerState): WorkerView['life'] {
  switch (state) {
    case placement.WorkerState.DEAD:
      return 'dead'
    case placement.WorkerState.SILENT:
      return 'silent'
    case placement.WorkerState.UP:
    case placement.WorkerState.UNSPECIFIED:
      return 'up'
  }
}

function buildShard(
  sources: Sources,
  workers: ReadonlyIdMap<Heard>,
  { collection, shard }: PlacedShard,
): ShardView {
  const { observations } = sources
  const { shardId, epoch, replicas } = shard
  const leader = buildLeader(sources, workers, shard)
  return {
    shardId,
    collection: nameOf(collection),
    membershipVersion: epoch?.membership ?? 0n,
    replicationFactor: Math.max(1, collection.collection?.replicationFactor ?? 1),
    searchReplicas: collection.collection?.searchReplicas ?? 0,
    replicas: replicas.map((replica) => buildReplica(workers, shardId, replica, leader)),
    leader,
    leaderlessMs: leader === undefined ? observations.leaderlessMs(shardId) : 0,
  }
}

/** The leader as its worker reported it, while that worker is heard of. */
function buildLeader(
  { observations }: Sources,
  workers: ReadonlyIdMap<Heard>,
  { shardId, replicas }: placement.ShardRouting,
): LeaderView | undefined {
  const heard = observations.leaderOf(shardId)
  if (heard === undefined || workers.get(heard.workerId)?.worker.life !== 'up') return undefined
  const { workerId, report, jointSinceMs } = heard
  const { leadership } = report
  const replica = replicas.find((candidate) => candidate.workerId === workerId)
  if (replica === undefined) return undefined
  return {
    workerId,
    replicaId: replica.replicaId,
    // Without a report of members nothing is settled, and nothing changes.
    membershipVersion: leadership?.membershipVersion ?? 0n,
    lastIndex: leadership?.lastIndex ?? 0n,
    jointMs: jointSinceMs === undefined ? undefined : observations.monotonicMs - jointSinceMs,
    members: leadership?.members ?? [],
  }
}

function buildReplica(
  workers: ReadonlyIdMap<Heard>,
  shardId: bigint,
  { replicaId, workerId, learner, leaving, searchOnly }: placement.Replica,
  leader: LeaderView | undefined,
): ReplicaView {
  const heard = workers.get(workerId)
  const report = heard?.reports?.get(shardId)
  // A report on an earlier replica of the same shard says nothing of this one.
  const own = report?.replicaId === replicaId ? report : undefined
  const failure = own?.failure
  return {
    replicaId,
    workerId,
    learner,
    leaving,
    searchOnly,
    worker: heard?.worker,
    isLost:
      failure !== undefined && (LOST.has(failure.reason) || heard?.failsForLong(shardId) === true),
    diskBytes: Number(own?.diskBytes ?? 0n),
    member: leader === undefined ? undefined : memberOf(leader, replicaId),
  }
}

/** Three or five: a loop without a closure, because there is one for each replica of a cluster. */
function memberOf({ members }: LeaderView, replicaId: bigint): placement.MemberReport | undefined {
  for (const member of members) if (member.replicaId === replicaId) return member
  return undefined
}
