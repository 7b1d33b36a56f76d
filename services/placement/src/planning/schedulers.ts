/**
 * Schedulers: moves that even out replicas, leaders and bytes over the workers. Pure functions of
 * the view.
 *
 * Balance must come to rest. Each move lessens the imbalance that it is for (of two workers the
 * fuller one still has no less than the other afterwards), nothing moves for a difference below the
 * tolerance, and the three never undo each other: what moves for bytes may not bring the counts of
 * replicas as far apart as moves for counts begin at. What operators bring and take is counted
 * before they are done, and a shard rests after each.
 */

import { assertDefined } from '@vectron/base'
import {
  type ClusterView,
  isEligible,
  type ReplicaView,
  type ShardView,
  type WorkerView,
} from './cluster-view.ts'
import { type Proposal, replaceReplica, transferLeader } from './proposal.ts'
import { countZones, mayTake, type Room } from './room.ts'
import {
  bytesOf,
  isAlive,
  isCaughtUp,
  isHealthy,
  isInNumber,
  isSettled,
  kindOf,
  votersOf,
} from './shard-health.ts'

export interface BalanceOptions {
  readonly view: ClusterView
  /** Counts in what is proposed. */
  readonly room: Room
  /** Shards that may be moved: no operator runs on them, and they do not rest. */
  readonly isFree: (shardId: bigint) => boolean
  /** Even out what is within the tolerance too. */
  readonly isThorough?: boolean
}

/** Targets tried for each worker that has too much: the emptiest ones. */
const TARGETS_TRIED = 8

/** All of them, in the order of their rank. */
export function balance(options: BalanceOptions): Proposal[] {
  const taken = new Set<bigint>()
  const isFree = (shardId: bigint) => !taken.has(shardId) && options.isFree(shardId)
  const take = (proposal: Proposal) => {
    taken.add(proposal.shardId)
    options.room.take(proposal)
    return proposal
  }
  const balancing: Balancing = { ...options, isFree, take, ...measure(options) }
  return [...balanceReplicas(balancing), ...balanceLeaders(balancing), ...balanceBytes(balancing)]
}

interface Balancing extends BalanceOptions {
  readonly take: (proposal: Proposal) => Proposal
  readonly eligible: readonly WorkerView[]
  /** Shards with a voter or a search-only replica on a worker. */
  readonly shardsOn: (workerId: bigint) => readonly ShardView[]
  /** Differences from which on replicas and leaders are moved. */
  readonly replicasApart: number
  readonly leadersApart: number
}

/** From the workers with the most replicas to those with the fewest. */
function balanceReplicas(balancing: Balancing): Proposal[] {
  const { room, replicasApart } = balancing
  const load = ({ workerId }: WorkerView) => room.replicasOn(workerId)
  return forPairs(balancing, load, replicasApart, (from, to) => {
    if (load(from) - load(to) < replicasApart) return []
    const shard = firstMovable(balancing, from, to, () => true)
    const reason = `worker ${from.workerId} has ${load(from)} replicas, worker ${to.workerId} ${load(to)}`
    return shard === undefined ? [] : [move(balancing, shard, from, to, reason)]
  })
}

/**
 * From the workers with the most bytes to those with the fewest: a replica that the counts allow to
 * go, or else a large one for a small one, which leaves the counts as they are.
 */
function balanceBytes(balancing: Balancing): Proposal[] {
  const { view, room, eligible, replicasApart } = balancing
  const { bytesTolerance, bytesWorthMoving } = view.settings
  const load = ({ workerId }: WorkerView) => room.bytesOn(workerId)
  const mean = eligible.reduce((sum, worker) => sum + load(worker), 0) / eligible.length
  const apart = Math.max(bytesWorthMoving, mean * bytesTolerance)
  return forPairs(balancing, load, apart, (from, to) => {
    const difference = load(from) - load(to)
    if (difference < apart) return []
    const reason = `worker ${from.workerId} has ${mib(load(from))} MiB, worker ${to.workerId} ${mib(load(to))}`
    // Less than half, so that the fuller one stays the fuller one, and enough to be worth it.
    const helps = (bytes: number) => bytes * 2 <= difference && bytes * 10 >= difference
    const countsAfter = room.replicasOn(to.workerId) - room.replicasOn(from.workerId) + 2
    if (countsAfter < replicasApart) {
      const shard = firstMovable(balancing, from, to, (one) => helps(bytesOf(one)))
      if (shard !== undefined) return [move(balancing, shard, from, to, reason)]
    }
    if (!room.mayReceive(from.workerId, true)) return []
    const small = smallestMovable(balancing, to, from)
    if (small === undefined) return []
    const large = firstMovable(balancing, from, to, (one) => helps(bytesOf(one) - bytesOf(small)))
    if (large === undefined || large.shardId === small.shardId) return []
    const exchange = `in exchange for shard ${large.shardId}`
    return [move(balancing, large, from, to, reason), move(balancing, small, to, from, exchange)]
  })
}

/** Tries the fullest workers against the emptiest ones, as long as they are `apart`. */
function forPairs(
  { eligible, room }: Balancing,
  load: (worker: WorkerView) => number,
  apart: number,
  plan: (from: WorkerView, to: WorkerView) => Proposal[],
): Proposal[] {
  const emptiestFirst = [...eligible].sort((a, b) => load(a) - load(b) || order(a, b))
  const proposals: Proposal[] = []
  for (const from of [...emptiestFirst].reverse()) {
    let tried = 0
    for (const to of emptiestFirst) {
      if (load(from) - load(to) < apart || tried === TARGETS_TRIED) break
      if (!room.mayReceive(to.workerId, true)) continue
      tried += 1
      proposals.push(...plan(from, to))
    }
  }
  return proposals
}

function firstMovable(
  balancing: Balancing,
  from: WorkerView,
  to: WorkerView,
  fits: (shard: ShardView) => boolean,
): ShardView | undefined {
  const shards = balancing.shardsOn(from.workerId)
  return shards.find((shard) => fits(shard) && mayMove(balancing, shard, from, to))
}

function smallestMovable(
  balancing: Balancing,
  from: WorkerView,
  to: WorkerView,
): ShardView | undefined {
  let smallest: ShardView | undefined
  for (const shard of balancing.shardsOn(from.workerId)) {
    if (smallest !== undefined && bytesOf(shard) >= bytesOf(smallest)) continue
    if (mayMove(balancing, shard, from, to)) smallest = shard
  }
  return smallest
}

function move(
  balancing: Balancing,
  shard: ShardView,
  from: WorkerView,
  to: WorkerView,
  reason: string,
): Proposal {
  const wish = { reason, cause: { kind: 'balance' } } as const
  return balancing.take(replaceReplica(shard, replicaOn(shard, from), to.workerId, wish))
}

function replicaOn(shard: ShardView, { workerId }: WorkerView): ReplicaView {
  const replica = shard.replicas.find((one) => one.workerId === workerId)
  return assertDefined(replica, 'a shard on a worker has a replica there')
}

function mayMove(balancing: Balancing, shard: ShardView, from: WorkerView, to: WorkerView) {
  const { view, room, isFree } = balancing
  if (!isFree(shard.shardId) || !isSettled(shard)) return false
  if (!shard.replicas.every(isHealthy) || !isInNumber(shard)) return false
  if (!room.maySend(shard) || !mayTake(view, shard, to)) return false
  if (from.zone === to.zone) return true
  const zones = countZones(shard, { kind: kindOf(replicaOn(shard, from)) })
  return (zones.get(to.zone) ?? 0) < (zones.get(from.zone) ?? 0)
}

/** From the workers with the most leaders to voters of theirs on workers with fewer. */
function balanceLeaders(balancing: Balancing): Proposal[] {
  const { eligible, room, shardsOn, leadersApart } = balancing
  const load = ({ workerId }: WorkerView) => room.leadersOn(workerId)
  const proposals: Proposal[] = []
  const fewest = Math.min(...eligible.map(load))
  for (const from of [...eligible].sort((a, b) => load(b) - load(a) || order(a, b))) {
    if (load(from) - fewest < leadersApart) break
    for (const shard of shardsOn(from.workerId)) {
      if (shard.leader?.workerId !== from.workerId) continue
      const to = leastLeading(balancing, shard, from)
      if (to === undefined || load(from) - load(to) < leadersApart) continue
      if (!room.mayTransfer(to.workerId)) continue
      const reason = `worker ${from.workerId} has ${load(from)} leaders, worker ${to.workerId} ${load(to)}`
      const wish = { reason, cause: { kind: 'balance' } } as const
      proposals.push(balancing.take(transferLeader(shard, to.workerId, wish)))
    }
  }
  return proposals
}

/** Of the workers whose voters could lead the shard the one with the fewest leaders. */
function leastLeading(
  { view, room, isFree }: Balancing,
  shard: ShardView,
  from: WorkerView,
): WorkerView | undefined {
  if (!isFree(shard.shardId) || !isSettled(shard)) return undefined
  let best: WorkerView | undefined
  for (const replica of votersOf(shard)) {
    const { worker } = replica
    if (worker === from || !isEligible(worker)) continue
    if (!isAlive(shard, replica)) continue
    if (!isCaughtUp(shard, replica, view.settings.caughtUpLag)) continue
    const isBetter =
      best === undefined || room.leadersOn(worker.workerId) < room.leadersOn(best.workerId)
    if (isBetter) best = worker
  }
  return best
}

function measure({ view, room, isThorough = false }: BalanceOptions) {
  const eligible = [...view.workers.values()].filter(isEligible)
  const apart = (load: (workerId: bigint) => number) => {
    const sum = eligible.reduce((total, { workerId }) => total + load(workerId), 0)
    const mean = sum / Math.max(1, eligible.length)
    return isThorough ? 2 : Math.max(2, Math.ceil(mean * view.settings.countTolerance))
  }
  let index: Map<bigint, ShardView[]> | undefined
  const shardsOn = (workerId: bigint) => {
    index ??= indexShards(view)
    return index.get(workerId) ?? []
  }
  return {
    eligible,
    shardsOn,
    replicasApart: apart((workerId) => room.replicasOn(workerId)),
    leadersApart: apart((workerId) => room.leadersOn(workerId)),
  }
}

/** Followers first: they move without a change of leader. */
function indexShards({ shards }: ClusterView): Map<bigint, ShardView[]> {
  const followed = new Map<bigint, ShardView[]>()
  const led = new Map<bigint, ShardView[]>()
  for (const shard of shards.values()) {
    for (const { workerId, learner, searchOnly, leaving } of shard.replicas) {
      if (leaving || (learner && !searchOnly)) continue
      const index = shard.leader?.workerId === workerId ? led : followed
      const there = index.get(workerId)
      if (there === undefined) index.set(workerId, [shard])
      else there.push(shard)
    }
  }
  for (const [workerId, there] of led) {
    followed.set(workerId, [...(followed.get(workerId) ?? []), ...there])
  }
  return followed
}

function order(a: WorkerView, b: WorkerView): number {
  return a.workerId < b.workerId ? -1 : 1
}

function mib(bytes: number): number {
  return Math.round(bytes / 2 ** 20)
}
