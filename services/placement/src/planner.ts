/**
 * Where shards go: pure functions from what the catalog knows to a plan.
 *
 * A plan only proposes; the catalog turns it into shards with ids when the command is applied.
 */

import { VectronError } from '@vectron/base'

/** What the planner weighs of a worker. */
export interface WorkerLoad {
  readonly workerId: bigint
  /** Replicas that it hosts already, of all collections. */
  readonly replicas: number
}

export interface PlanRequest {
  /** 0: one for each worker. */
  readonly shardCount: number
  /** 0: three, or as many as there are workers. */
  readonly replicationFactor: number
  /** Workers that may take replicas. */
  readonly workers: readonly WorkerLoad[]
}

export interface PlannedShard {
  readonly rangeStart: bigint
  /** Excluded; 0 stands for 2^64. */
  readonly rangeEnd: bigint
  readonly workerIds: readonly bigint[]
}

export interface CollectionPlan {
  readonly replicationFactor: number
  readonly shards: readonly PlannedShard[]
}

const HASH_SPACE = 1n << 64n
const REPLICATION_DEFAULT = 3

/**
 * Shards of equal ranges, each on the workers with the fewest replicas, so that workers fill
 * evenly.
 *
 * @throws VectronError UNAVAILABLE without workers; INVALID_ARGUMENT when there are fewer workers
 *   than replicas: two replicas on one worker would fail together.
 */
export function planCollection(request: PlanRequest): CollectionPlan {
  const { workers } = request
  if (workers.length === 0) {
    throw new VectronError('UNAVAILABLE', 'No worker is up to take the shards of a collection.')
  }
  const replicationFactor =
    request.replicationFactor || Math.min(REPLICATION_DEFAULT, workers.length)
  if (replicationFactor > workers.length) {
    throw new VectronError(
      'INVALID_ARGUMENT',
      `replicationFactor is ${replicationFactor}, but only ${workers.length} workers are up.`,
      { field: 'replicationFactor' },
    )
  }
  const load = new Map(workers.map(({ workerId, replicas }) => [workerId, replicas]))
  const shards = tileRanges(request.shardCount || workers.length).map((range) => ({
    ...range,
    workerIds: takeLeastLoaded(load, replicationFactor),
  }))
  return { replicationFactor, shards }
}

/** `count` ranges that tile [0, 2^64), equal but for the rounding. */
export function tileRanges(count: number): { rangeStart: bigint; rangeEnd: bigint }[] {
  const boundary = (index: number) => (HASH_SPACE * BigInt(index)) / BigInt(count)
  return Array.from({ length: count }, (_, index) => ({
    rangeStart: boundary(index),
    rangeEnd: index + 1 === count ? 0n : boundary(index + 1),
  }))
}

/** The workers with the fewest replicas, of equals those with the lowest ids; counts them in. */
function takeLeastLoaded(load: Map<bigint, number>, count: number): bigint[] {
  const chosen = [...load]
    .sort(([idA, loadA], [idB, loadB]) => loadA - loadB || Number(idA - idB))
    .slice(0, count)
  for (const [workerId, replicas] of chosen) load.set(workerId, replicas + 1)
  return chosen.map(([workerId]) => workerId)
}
