/**
 * Reads: one search request to each worker for all its shards, and single reads of one shard.
 *
 * Shards that fail for a reason that routing cures are asked again until the deadline; those that
 * have answered are not. A fan-out that some shard answered is a success that names the shards that
 * did not: whether that is good enough is the caller's to say.
 */

import {
  assertDefined,
  type Deadline,
  isErrorReason,
  isVectronError,
  type LogIndex,
  type ShardId,
  shardId,
  toVectronError,
  VectronError,
  type WorkerId,
} from '@vectron/base'
import { worker } from '@vectron/contracts'
import { isCuredByRouting } from './retry.ts'
import type { Router } from './router.ts'
import type { CollectionRoute, ShardRoute } from './routing-table.ts'

/** How fresh a read must be. */
export type ReadFreshness =
  | { readonly kind: 'eventual' }
  /** Not older than these positions; a shard without one may be as old as it is. */
  | { readonly kind: 'session'; readonly positions: ReadonlyMap<ShardId, LogIndex> }
  | { readonly kind: 'strong' }

export interface FanOutSearch {
  readonly collection: string
  /** An encoded `engine.v1.SearchRequest`; made anew for each try, because time has passed. */
  readonly encode: (deadline: Deadline) => Uint8Array
  readonly freshness: ReadFreshness
  readonly deadline: Deadline
  /** Called whenever another worker has answered, with all that is there so far. */
  readonly onAnswer?: (soFar: FanOutAnswer) => void
}

export interface FanOutAnswer {
  /** Encoded `engine.v1.SearchResult`, by shard. */
  readonly answers: ReadonlyMap<ShardId, Uint8Array>
  /** Why the other shards did not answer. */
  readonly failures: ReadonlyMap<ShardId, VectronError>
  readonly shardsTotal: number
}

export interface ShardRead {
  readonly collection: string
  readonly shard: (route: CollectionRoute) => ShardRoute
  /** An encoded `engine.v1.ReadRequest`. */
  readonly read: Uint8Array
  readonly freshness: ReadFreshness
  readonly deadline: Deadline
}

/**
 * Searches every shard of the collection.
 *
 * @throws VectronError the first failure, when it is final or no shard answered.
 */
export async function searchShards(router: Router, search: FanOutSearch): Promise<FanOutAnswer> {
  const answers = new Map<ShardId, Uint8Array>()
  const failures = new Map<ShardId, VectronError>()
  let shardsTotal = 0
  try {
    await router.retry(search.deadline, async () => {
      const route = await router.route(search.collection)
      shardsTotal = route.shards.length
      failures.clear()
      const waiting = route.shards.filter((shard) => !answers.has(shard.shardId))
      const calls = groupByLeader(waiting).map((shards) =>
        searchWorker(router, shards, search, answers, failures).then(() =>
          search.onAnswer?.({ answers, failures, shardsTotal }),
        ),
      )
      await Promise.all(calls)
      for (const failure of failures.values()) throw failure
    })
  } catch (error) {
    const partial = answers.size > 0 && isCuredByTime(error)
    if (!partial) throw error
  }
  return { answers, failures, shardsTotal }
}

/** Reads one shard; answers an encoded `engine.v1.ReadResult`. */
export function readShard(router: Router, read: ShardRead): Promise<Uint8Array> {
  return router.retry(read.deadline, async () => {
    const shard = read.shard(await router.route(read.collection))
    const request = { ...toShardRead(shard, read.freshness), read: read.read }
    const options = { timeoutMs: read.deadline.remainingMs() }
    return (await router.leaderOf(shard).readShard(request, options)).result
  })
}

/** Reads every shard of the collection; in the order of their ranges. All of them must answer. */
export async function readEveryShard(
  router: Router,
  read: Omit<ShardRead, 'shard'>,
): Promise<Uint8Array[]> {
  const { shards } = await router.route(read.collection)
  return Promise.all(
    shards.map(({ shardId }) =>
      readShard(router, {
        ...read,
        shard: (route) => findShard(route, shardId),
      }),
    ),
  )
}

/** Statistics of every shard of the collection; in the order of their ranges. */
export function shardReports(
  router: Router,
  collection: string,
  deadline: Deadline,
): Promise<worker.ShardReport[]> {
  return router.retry(deadline, async () => {
    const { shards } = await router.route(collection)
    const reports = await Promise.all(
      groupByLeader(shards).map(async (group) => {
        const shardIds = group.map((shard) => shard.shardId)
        const door = router.leaderOf(assertDefined(group[0], 'a group is not empty'))
        const options = { timeoutMs: deadline.remainingMs() }
        return (await door.getShardStats({ shardIds }, options)).shards
      }),
    )
    return reports.flat()
  })
}

/** Shards by their leading worker; those without a leader each stand alone, to fail alone. */
function groupByLeader(shards: readonly ShardRoute[]): ShardRoute[][] {
  if (shards.length === 1) return [[...shards]]
  const byLeader = new Map<WorkerId | ShardId, ShardRoute[]>()
  const leaderless: ShardRoute[][] = []
  for (const shard of shards) {
    if (shard.leader === undefined) {
      leaderless.push([shard])
      continue
    }
    const group = byLeader.get(shard.leader)
    if (group === undefined) byLeader.set(shard.leader, [shard])
    else group.push(shard)
  }
  return [...byLeader.values(), ...leaderless]
}

/** Asks one worker for all its shards and files what it answers. Never rejects. */
async function searchWorker(
  router: Router,
  shards: readonly ShardRoute[],
  search: FanOutSearch,
  answers: Map<ShardId, Uint8Array>,
  failures: Map<ShardId, VectronError>,
): Promise<void> {
  const { freshness, deadline } = search
  try {
    const request = {
      shards: shards.map((shard) => toShardRead(shard, freshness)),
      search: search.encode(deadline),
    }
    const door = router.leaderOf(assertDefined(shards[0], 'a worker is asked for a shard'))
    const response = await door.searchShards(request, { timeoutMs: deadline.remainingMs() })
    for (const { shardId: shard, answer } of response.answers) {
      if (answer.case === 'result') answers.set(shardId(shard), answer.value)
      else failures.set(shardId(shard), toShardError(shard, answer.value))
    }
  } catch (error) {
    const failure = toVectronError(error)
    for (const { shardId } of shards) failures.set(shardId, failure)
  }
}

function toShardRead(shard: ShardRoute, freshness: ReadFreshness) {
  const header = { shardId: shard.shardId, epoch: shard.epoch }
  switch (freshness.kind) {
    case 'eventual':
      return { shard: header }
    case 'session': {
      const minAppliedIndex = freshness.positions.get(shard.shardId) ?? 0n
      const consistency = worker.ReadConsistency.SESSION
      return { shard: header, barrier: { consistency, minAppliedIndex } }
    }
    case 'strong':
      return { shard: header, barrier: { consistency: worker.ReadConsistency.STRONG } }
  }
}

function toShardError(shard: bigint, failure: worker.ShardFailure | undefined): VectronError {
  const reason = failure?.reason ?? 'SHARD_UNAVAILABLE'
  const message = failure?.message ?? `shard ${shard} gave no answer`
  return new VectronError(isErrorReason(reason) ? reason : 'INTERNAL', message, {
    subject: `shard ${shard}`,
  })
}

/** A shard that left the routing meanwhile is stale news, not an error of the caller. */
function findShard(route: CollectionRoute, shard: ShardId): ShardRoute {
  const found = route.shards.find(({ shardId }) => shardId === shard)
  if (found !== undefined) return found
  throw new VectronError('STALE_EPOCH', `shard ${shard} no longer belongs to "${route.name}"`)
}

/** Failures after which the shards that did answer are still worth something. */
function isCuredByTime(error: unknown): boolean {
  return isCuredByRouting(error) || isVectronError(error, 'DEADLINE_EXCEEDED')
}
