/**
 * All searches of one request: what they ask, of which shards, how fresh and until when.
 *
 * Opening a job checks everything that can be checked before anybody is asked.
 */

import { assertDefined, type Deadline, deadlineAfter, LIMITS, VectronError } from '@vectron/base'
import type { vectron, wire } from '@vectron/contracts'
import {
  type CollectionRoute,
  latestOf,
  type PartitionValue,
  type ReadFreshness,
  type ShardSelection,
  shardsOfPartitions,
} from '@vectron/routing'
import type { CallContext } from '@vectron/rpc'
import { rowRuleOf } from '../access/row-rule.ts'
import type { GatewayContext } from '../context.ts'
import { takeFreshness } from '../freshness.ts'
import { openReranking } from './open-reranking.ts'
import { type PlannedSearch, planSearch, takeTimeoutMs } from './plan-search.ts'
import { StageTimes } from './stage-times.ts'

export interface SearchJob {
  readonly route: CollectionRoute
  /** For its searches there are only points that match it. */
  readonly rowRule: vectron.Filter | undefined
  readonly searches: readonly PlannedSearch[]
  /** `searches[3].` for each search of a batch; empty for a single one. */
  readonly prefixes: readonly string[]
  readonly freshness: ReadFreshness
  readonly deadline: Deadline
  /** All searches take an answer from some of the shards. */
  readonly allowPartial: boolean
  readonly stages: StageTimes
}

/** What a job is made of. */
export interface SearchRequests {
  readonly collection: string
  readonly requests: readonly wire.SearchRequest[]
  /** The requests are searches of a batch. */
  readonly batch: boolean
}

/** @throws VectronError with the field at fault. */
export async function openSearchJob(
  { router, clock, stageSeconds, rerank, tracer, slowQueries }: GatewayContext,
  { collection, requests, batch }: SearchRequests,
  call: CallContext,
): Promise<SearchJob> {
  const stages = new StageTimes(clock, stageSeconds, tracer)
  slowQueries.noteStages(call, stages)
  return stages.time('plan', async () => {
    const prefixes = requests.map((_, index) => (batch ? `searches[${index}].` : ''))
    const route = await router.route(collection)
    const rowRule = rowRuleOf(call)
    const { collection: described } = route
    const { clusterId } = router.table
    const planned = requests.map((request, index) =>
      planSearch(request, {
        clusterId,
        collection: described,
        rowRule,
        prefix: prefixes[index] ?? '',
      }),
    )
    const queries = planned.reduce((sum, { legs }) => sum + legs.length, 0)
    if (queries > LIMITS.batchSearchesMax) {
      const message = `searches have ${queries} legs; the limit is ${LIMITS.batchSearchesMax}.`
      throw new VectronError('BATCH_TOO_LARGE', message, { field: 'searches' })
    }
    const timeouts = requests.map((request, index) =>
      takeTimeoutMs(request.timeoutMs, prefixes[index] ?? ''),
    )
    const timeoutMs = Math.min(Math.max(...timeouts), call.deadline.remainingMs())
    const freshness = strictest(requests.map((request) => takeFreshness(clusterId, request)))
    const deadline = deadlineAfter(clock, timeoutMs)
    const searches = await Promise.all(
      planned.map((search, index) =>
        openReranking(rerank, search, { route, deadline, prefix: prefixes[index] ?? '' }),
      ),
    )
    const allowPartial = requests.every((request) => request.allowPartial)
    return { route, rowRule, searches, prefixes, freshness, deadline, allowPartial, stages }
  })
}

/**
 * A batch searches one collection: what its searches name beside is that one, or nothing.
 *
 * @throws VectronError INVALID_ARGUMENT
 */
export function checkSameCollection(
  collection: string,
  searches: readonly wire.SearchRequest[],
): void {
  searches.forEach((search, index) => {
    // Inside, a collection's name may have its project before it.
    const isSame = collection === search.collection || collection.endsWith(`/${search.collection}`)
    if (search.collection === '' || isSame) return
    const field = `searches[${index}].collection`
    throw new VectronError(
      'INVALID_ARGUMENT',
      `${field} is "${search.collection}"; the batch searches "${collection}".`,
      { field },
    )
  })
}

/** What searches and their queries have in common: which shards they are about. */
interface OfPartitions {
  readonly partitions: readonly PartitionValue[] | undefined
}

/** The shards of searches that all are about the same. */
export function shardsOf([first]: readonly OfPartitions[]): ShardSelection {
  const partitions = first?.partitions
  return (route) =>
    partitions === undefined ? route.shards : shardsOfPartitions(route, partitions)
}

/** The places of searches that are about the same shards. */
export function splitByShards(
  route: CollectionRoute,
  searches: readonly OfPartitions[],
): number[][] {
  if (searches.every(({ partitions }) => partitions === undefined)) return [[...searches.keys()]]
  const groups = new Map<string, number[]>()
  searches.forEach(({ partitions }, index) => {
    const shards = partitions === undefined ? route.shards : shardsOfPartitions(route, partitions)
    const key = shards.map(({ shardId }) => shardId).join()
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [index])
    else group.push(index)
  })
  return [...groups.values()]
}

/** A job of some of the searches. */
export function pickSearches(job: SearchJob, indexes: readonly number[]): SearchJob {
  return {
    ...job,
    searches: pick(job.searches, indexes),
    prefixes: pick(job.prefixes, indexes),
  }
}

export function pick<T>(items: readonly T[], indexes: readonly number[]): T[] {
  return indexes.map((index) => assertDefined(items[index], 'within bounds'))
}

/** The freshness that satisfies all of a batch. */
function strictest(wanted: readonly ReadFreshness[]): ReadFreshness {
  if (wanted.some(({ kind }) => kind === 'strong')) return { kind: 'strong' }
  const sessions = wanted.filter((freshness) => freshness.kind === 'session')
  if (sessions.length === 0) return { kind: 'eventual' }
  return { kind: 'session', positions: latestOf(sessions.map(({ positions }) => positions)) }
}
