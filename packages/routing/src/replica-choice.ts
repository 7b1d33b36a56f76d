/**
 * Which worker to ask for a shard: a pure choice among its replicas.
 *
 * Writes and strong reads want the leader, and other voters only as a guess who may know better;
 * one that does not vote cannot lead. Other reads take the replica that costs least
 * (worker-load.ts), so load spreads by itself, away from what is slow. Whatever is wanted, what is
 * known to be down or has just failed is asked last, and so is a learner that is still catching up.
 */

import type { WorkerId } from '@vectron/base'
import type { Router } from './router.ts'
import type { ReplicaRoute, ShardRoute, WorkerRoute } from './routing-table.ts'

/** Workers that were asked for a shard already. */
export type TriedWorkers = ReadonlySet<WorkerId>

/** The worker of the leader, or of who may be it; undefined when all that may were tried. */
export function chooseLeader(
  router: Router,
  shard: ShardRoute,
  tried: TriedWorkers,
): WorkerRoute | undefined {
  const leader = router.leaderOf(shard)
  // Who was named as leader votes, whatever an older table says.
  const mayLead = ({ replica, worker }: Candidate) => !replica.learner || worker.workerId === leader
  return least(candidates(router, shard, tried).filter(mayLead), ({ replica, worker }) => {
    const isLeader = worker.workerId === leader
    return (isLeader ? 0 : 1) + penalty(router, replica, worker)
  })?.worker
}

/** Costs that count as equal: of such workers any will do, or every gateway would take the same. */
const NEAR = 1.25

export interface ReadChoice {
  readonly tried: TriedWorkers
  /** Shards of the same request that go to a worker already. */
  readonly alreadyTo: (worker: WorkerRoute) => number
}

/** The worker whose replica to read; undefined when all were tried. */
export function chooseReplica(
  router: Router,
  shard: ShardRoute,
  { tried, alreadyTo }: ReadChoice,
): WorkerRoute | undefined {
  const found = candidates(router, shard, tried)
  if (found.length <= 1) return found[0]?.worker
  const penalties = found.map(({ replica, worker }) => penalty(router, replica, worker))
  const best = Math.min(...penalties)
  const equals = found.filter((_, index) => penalties[index] === best)
  const costs = equals.map(({ worker }) => router.calls.cost(worker, alreadyTo(worker)))
  const enough = NEAR * Math.min(...costs)
  const near = equals.filter((_, index) => (costs[index] ?? Infinity) <= enough)
  return near[router.random.nextBelow(near.length)]?.worker
}

interface Candidate {
  readonly replica: ReplicaRoute
  readonly worker: WorkerRoute
}

function candidates(router: Router, shard: ShardRoute, tried: TriedWorkers): Candidate[] {
  const found: Candidate[] = []
  for (const replica of shard.replicas) {
    const worker = router.workerOf(replica.workerId)
    if (worker !== undefined && !tried.has(replica.workerId)) found.push({ replica, worker })
  }
  return found
}

/** More than any preference: 0 for a replica that is likely to answer. */
function penalty(router: Router, replica: ReplicaRoute, worker: WorkerRoute): number {
  const { learner, searchOnly, leaving } = replica
  let points = 0
  if (leaving || (learner && !searchOnly)) points += 2
  if (router.isAvoided(replica)) points += 4
  if (router.calls.isDown(worker)) points += 8
  return points
}

function least<T>(items: readonly T[], costOf: (item: T) => number): T | undefined {
  let best: T | undefined
  let bestCost = Infinity
  for (const item of items) {
    const cost = costOf(item)
    if (cost >= bestCost) continue
    best = item
    bestCost = cost
  }
  return best
}
