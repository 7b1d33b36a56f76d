/**
 * From a public search request to the engine's query: every check, every default.
 *
 * Leaves texts and ids to be turned into vectors by search-service.ts: both need to ask somebody.
 */

import { fromBinary } from '@bufbuild/protobuf'
import { LIMITS, VectronError } from '@vectron/base'
import { takeEncodedFilter, vectron, type wire } from '@vectron/contracts'
import type { PartitionValue } from '@vectron/routing'
import type { FieldSelector } from '@vectron/rpc'
import type { Query } from '@vectron/shard'
import { checkId } from '../check-point.ts'
import { partitionKeyOf, partitionsOf } from '../partition-key.ts'
import type { CandidateQuery, OpenRerank } from '../rerank/rerank-stage.ts'
import { checkCombination } from './check-combination.ts'
import type { Window } from './nearest.ts'
import { takeFields } from './take-fields.ts'
import { type FusionPlan, takeFused } from './take-fused.ts'
import { type GroupPlan, takeGroupBy } from './take-group-by.ts'
import { type SearchTarget, takeTarget } from './take-target.ts'
import { takeWindow } from './take-window.ts'

/** One query of a search, before its target is resolved. */
export interface PlannedLeg {
  readonly target: SearchTarget
  /** Outside of these nothing can match; undefined when every partition may hold matches. */
  readonly partitions: readonly PartitionValue[] | undefined
  readonly query: Omit<Query, 'target' | 'excludeIds'>
  /** Stands before the names of fields in errors. */
  readonly prefix: string
}

export interface PlannedSearch {
  readonly request: wire.SearchRequest
  /** At least one. */
  readonly legs: readonly PlannedLeg[]
  /** How the legs become one list; undefined for a search of one leg. */
  readonly fusion: FusionPlan | undefined
  /** How results are grouped; undefined where they are not. */
  readonly grouping: GroupPlan | undefined
  /** Of all legs together. */
  readonly partitions: readonly PartitionValue[] | undefined
  /** Which of the hits are wanted. */
  readonly window: Window
  /** Which fields of payloads are wanted; undefined for all. */
  readonly fields: FieldSelector | undefined
  readonly reranking: Reranking | undefined
}

/** How the results of a search get another order. */
export interface Reranking {
  readonly opened: OpenRerank
  /** What the caller is to get; the query and the window are for the candidates. */
  readonly wanted: CandidateQuery
}

/** What a search is planned for. */
export interface PlanContext {
  readonly clusterId: string
  readonly collection: vectron.Collection
  /** For the search there are only points that match it. */
  readonly rowRule: vectron.Filter | undefined
  /** `searches[3].` within a batch, else empty. */
  readonly prefix: string
}

/** @throws VectronError with the field at fault. */
export function planSearch(
  request: wire.SearchRequest,
  { clusterId, collection, rowRule, prefix }: PlanContext,
): PlannedSearch {
  const filter = takeEncodedFilter(request.filter, `${prefix}filter`)
  checkCombination(request, prefix)
  if (request.whyNot !== '') checkId(request.whyNot, () => `${prefix}whyNot`)
  const window = takeWindow(request, { clusterId, collection, prefix })
  const reach = window.offset + window.topK
  const { query } = request
  const { legs, fusion } =
    query.case === 'fused'
      ? takeFused(query.value, { collection, filter, reach, prefix })
      : { legs: [{ target: takeTarget(query, collection, prefix), filter, topK: reach, prefix }] }
  const whole = {
    withPayload: request.withPayload ?? true,
    withVector: request.withVector,
    exact: request.exact,
    targetRecall: takeTargetRecall(request.targetRecall, prefix),
    explain: request.explain,
    width: takeWidth(request.width, prefix),
  }
  return {
    request,
    legs: legs.map((leg) => ({
      target: leg.target,
      partitions: takePartitions(collection, leg.filter, rowRule),
      query: { ...whole, topK: leg.topK, filter: leg.filter },
      prefix: leg.prefix,
    })),
    fusion,
    grouping: takeGroupBy(request, { collection, topK: window.topK, prefix }),
    partitions: takePartitions(collection, filter, rowRule),
    window,
    fields: takeFields(request, prefix),
    reranking: undefined,
  }
}

/**
 * Milliseconds allowed for the search.
 *
 * @throws VectronError INVALID_ARGUMENT
 */
export function takeTimeoutMs(timeoutMs: number | undefined, prefix: string): number {
  if (timeoutMs === undefined) return LIMITS.searchTimeoutMsDefault
  if (timeoutMs >= 1 && timeoutMs <= LIMITS.searchTimeoutMsMax) return timeoutMs
  const field = `${prefix}timeoutMs`
  throw new VectronError(
    'INVALID_ARGUMENT',
    `${field} is ${timeoutMs}; it must be 1 to ${LIMITS.searchTimeoutMsMax}.`,
    { field },
  )
}

function takeWidth(width: number, prefix: string): number {
  if (width <= LIMITS.topKMax) return width
  const field = `${prefix}width`
  throw new VectronError(
    'TOP_K_OUT_OF_RANGE',
    `${field} is ${width}; it must be at most ${LIMITS.topKMax}.`,
    { field },
  )
}

function takePartitions(
  collection: vectron.Collection,
  filter: Uint8Array | undefined,
  rowRule: vectron.Filter | undefined,
): readonly PartitionValue[] | undefined {
  const key = partitionKeyOf(collection)
  if (key === undefined) return undefined
  return partitionsOf(key, [filter && fromBinary(vectron.FilterSchema, filter), rowRule])
}

function takeTargetRecall(recall: number | undefined, prefix: string): number {
  if (recall === undefined) return LIMITS.targetRecallDefault
  // f32 rounds .8 and .999 up or down a little.
  const slack = 1e-6
  const inRange =
    recall >= LIMITS.targetRecallMin - slack && recall <= LIMITS.targetRecallMax + slack
  if (inRange) return recall
  const field = `${prefix}targetRecall`
  throw new VectronError(
    'INVALID_ARGUMENT',
    `${field} is ${recall}; it must be ${LIMITS.targetRecallMin} to ${LIMITS.targetRecallMax}.`,
    { field },
  )
}
