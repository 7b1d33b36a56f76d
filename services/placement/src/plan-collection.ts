/**
 * Where shards go: pure functions from what the catalog knows to a plan.
 *
 * A plan only proposes; the catalog turns it into shards with ids when the command is applied.
 */

import { checkAtMost, LIMITS, VectronError } from '@vectron/base'

/** What the planner weighs of a worker. */
export interface WorkerLoad {
  readonly workerId: bigint
  /** Empty when none is configured. */
  readonly zone: string
  /** Replicas that it hosts already, of all collections. */
  readonly replicas: number
  /** Shards that it leads. */
  readonly leaders: number
}

export interface PlanRequest {
  /** 0: one for each worker, up to 16. */
  readonly shardCount: number
  /** 0: three, or as many as there are workers. */
  readonly replicationFactor: number
  /** Replicas of each shard that do not vote. */
  readonly searchReplicas: number
  /** Workers that may take replicas. */
  readonly workers: readonly WorkerLoad[]
}

export interface PlannedShard {
  readonly rangeStart: bigint
  /** Excluded; 0 stands for 2^64. */
  readonly rangeEnd: bigint
  /** Hosts of voters; the first of them stands for the first election. */
  readonly workerIds: readonly bigint[]
  /** Hosts of search-only replicas. */
  readonly searchWorkerIds: readonly bigint[]
}

export interface CollectionPlan {
  readonly replicationFactor: number
  readonly shards: readonly PlannedShard[]
}

type MutableLoad = { -readonly [K in keyof WorkerLoad]: WorkerLoad[K] }

const HASH_SPACE = 1n << 64n
const REPLICATION_DEFAULT = 3
/**
 * Each worker leads one shard, so that all of them take writes and searches. Every shard is a part
 * of every search, though: beyond sixteen, who knows the load decides.
 */
const SHARDS_DEFAULT_MAX = 16

/**
 * Shards of equal ranges, each on the workers with the fewest replicas, so that workers fill
 * evenly.
 *
 * @throws VectronError UNAVAILABLE without workers; INVALID_ARGUMENT for too many shards, and when
 *   there are fewer workers than replicas: two replicas on one worker would fail together.
 */
export function planCollection(request: PlanRequest): CollectionPlan {
  const { workers, searchReplicas } = request
  if (workers.length === 0) {
    throw new VectronError('UNAVAILABLE', 'No worker is up to take the shards of a collection.')
  }
  const replicationFactor =
    request.replicationFactor || Math.min(REPLICATION_DEFAULT, workers.length)
  checkReplicasFit({ replicationFactor, searchReplicas, workers: workers.length })
  const loads = workers.map((worker) => ({ ...worker }))
  const shardCount = request.shardCount || Math.min(workers.length, SHARDS_DEFAULT_MAX)
  // The gateway refuses it too; who calls here directly could fill the catalog with one call.
  checkAtMost(shardCount, LIMITS.shardsPerCollectionMax, 'shardCount')
  const shards = tileRanges(shardCount).map((range) => {
    const hosts = takeWorkers(loads, replicationFactor + searchReplicas)
    const voters = leaderFirst(hosts.slice(0, replicationFactor))
    const searchOnly = hosts.slice(replicationFactor)
    return { ...range, workerIds: voters.map(idOf), searchWorkerIds: searchOnly.map(idOf) }
  })
  return { replicationFactor, shards }
}

/**
 * Checks that each replica of a shard can have a worker of its own.
 *
 * @throws VectronError INVALID_ARGUMENT
 */
export function checkReplicasFit(replicas: {
  readonly replicationFactor: number
  readonly searchReplicas: number
  /** How many may take replicas. */
  readonly workers: number
}): void {
  const { replicationFactor, searchReplicas, workers } = replicas
  const up = `only ${workers} workers are up`
  if (replicationFactor > workers) {
    const text = `replicationFactor is ${replicationFactor}, but ${up}.`
    throw new VectronError('INVALID_ARGUMENT', text, { field: 'replicationFactor' })
  }
  const rest = workers - replicationFactor
  if (searchReplicas <= rest) return
  const text =
    `searchReplicas is ${searchReplicas} beside a replicationFactor of ${replicationFactor}, but ` +
    `${up}, and each replica needs one of its own: ask for ${rest} at most, or start more workers.`
  throw new VectronError('INVALID_ARGUMENT', text, { field: 'searchReplicas' })
}

/** `count` ranges that tile [0, 2^64), equal but for the rounding. */
export function tileRanges(count: number): { rangeStart: bigint; rangeEnd: bigint }[] {
  const boundary = (index: number) => (HASH_SPACE * BigInt(index)) / BigInt(count)
  return Array.from({ length: count }, (_, index) => ({
    rangeStart: boundary(index),
    rangeEnd: index + 1 === count ? 0n : boundary(index + 1),
  }))
}

/**
 * Workers for the replicas of one shard, one after another: of those in the zone with the fewest
 * replicas of the shard the one with the fewest replicas of all. Counts them in.
 */
function takeWorkers(loads: readonly MutableLoad[], count: number): MutableLoad[] {
  const inZone = new Map<string, number>()
  const chosen: MutableLoad[] = []
  const rank = ({ zone }: WorkerLoad) => inZone.get(zone) ?? 0
  while (chosen.length < count) {
    const [next] = loads
      .filter((worker) => !chosen.includes(worker))
      .sort(
        (a, b) =>
          rank(a) - rank(b) || a.replicas - b.replicas || (a.workerId < b.workerId ? -1 : 1),
      )
    if (next === undefined) break
    chosen.push(next)
    inZone.set(next.zone, rank(next) + 1)
    next.replicas += 1
  }
  return chosen
}

/** The hosts of a shard's voters, the one that leads the fewest in front. Counts the shard in. */
function leaderFirst(hosts: readonly MutableLoad[]): readonly MutableLoad[] {
  const [first, ...others] = hosts
  if (first === undefined) return hosts
  const leader = others.reduce((a, b) => (b.leaders < a.leaders ? b : a), first)
  leader.leaders += 1
  return [leader, ...hosts.filter((host) => host !== leader)]
}

function idOf({ workerId }: WorkerLoad): bigint {
  return workerId
}
