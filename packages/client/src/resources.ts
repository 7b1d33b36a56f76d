/**
 * What the API answers, as the SDK hands it out: the messages of proto/vectron/v1 in their JSON
 * form.
 *
 * 64-bit integers are numbers while they are exact, and strings beyond 2^53. Fields that the server
 * left out are absent.
 */
import type { Filter } from './filter.ts'
import type { Rerank, RerankReport } from './reranking.ts'
import type { VectorInput } from './vector.ts'

export type Metric = 'cosine' | 'dot' | 'l2'

/** Types of declared payload fields; `stored` is returned and never indexed. */
export type FieldType = 'keyword' | 'integer' | 'float' | 'bool' | 'datetime' | 'stored'

export interface CollectionInfo {
  readonly name: string
  readonly dimension: number
  readonly metric: Metric
  readonly payloadSchema: Readonly<Record<string, FieldType>>
  /** Turns text into vectors; empty for none. */
  readonly embedder: string
  readonly description: string
  readonly shardCount: number
  readonly replicationFactor: number
  /** Replicas of each shard beside the voting ones, for searches alone. */
  readonly searchReplicas: number
  /** Payload field whose value chooses the shard of a point; empty: the id does. */
  readonly partitionKey: string
  /** RFC 3339. */
  readonly createTime: string
  /** Live points, all of them searchable. */
  readonly pointsCount: number
  /** Points already in the graph; the others are scanned exactly. */
  readonly indexedCount: number
  readonly etag: string
}

export interface NewCollection {
  readonly name: string
  /** May be left out with an embedder. */
  readonly dimension?: number
  /** Default cosine. */
  readonly metric?: Metric
  readonly payloadSchema?: Readonly<Record<string, FieldType>>
  /** Built in: `glove-sif-100`. */
  readonly embedder?: string
  readonly description?: string
  readonly shardCount?: number
  readonly replicationFactor?: number
  /**
   * Replicas of each shard beside the voting ones: they answer searches and other reads, and no
   * write waits for them. Each needs a worker of its own. Default none.
   */
  readonly searchReplicas?: number
  /**
   * Keyword or integer field that every point must have: points of one value live in one shard, and
   * requests whose filter names the value ask that shard alone. Cannot be changed later.
   */
  readonly partitionKey?: string
}

export interface CollectionChange {
  readonly description?: string
  /** Fields to add. */
  readonly payloadSchema?: Readonly<Record<string, FieldType>>
  /** Answered at once: replicas are made and removed behind it. */
  readonly searchReplicas?: number
}

/** Bytes by component. */
export interface StorageBytes {
  readonly graphMemory: number
  readonly payloadIndexMemory: number
  readonly storeDisk: number
  readonly vectorsDisk: number
  readonly checkpointDisk: number
}

export interface ShardStats {
  readonly shardId: number | string
  readonly pointsCount: number
  readonly indexedCount: number
  readonly bytes?: StorageBytes
  readonly appliedIndex: number | string
  readonly durableIndex: number | string
  readonly state: string
}

export interface FieldStats {
  readonly field: string
  /** `unspecified` where all values are null. */
  readonly type: FieldType | 'unspecified'
  readonly declared: boolean
  readonly pointsCount: number
  readonly distinctValues: number
  readonly memoryBytes: number
}

export interface CollectionStats {
  readonly collection: string
  readonly pointsCount: number
  readonly indexedCount: number
  readonly bytes?: StorageBytes
  readonly shards: readonly ShardStats[]
  readonly fields: readonly FieldStats[]
}

export interface ClusterStatistics {
  readonly collections: number
  readonly pointsCount: number
  readonly indexedCount: number
  readonly bytes?: StorageBytes
  readonly uptimeSeconds: number
}

/** A point to write: with a vector, or with a text where the collection has an embedder. */
export type PointInput<Payload> = {
  /** 1 to 512 bytes of UTF-8. */
  readonly id: string
  readonly payload?: Payload
  /**
   * Write only if the point has this version; 0: only if there is no such point. Otherwise the
   * upsert fails with VERSION_MISMATCH.
   */
  readonly ifVersion?: number
  /** RFC 3339: from then on there is no such point. Left out: never. */
  readonly expireTime?: string
} & ({ readonly vector: VectorInput } | { readonly text: string })

export interface Point<Payload> {
  readonly id: string
  /**
   * Another one after each change of the point, for `ifVersion` of a write. Absent in results of
   * searches without payloads.
   */
  readonly version?: number
  /** RFC 3339; absent for never, and in results of searches without payloads. */
  readonly expireTime?: string
  readonly payload?: Payload
  /** Only when asked for with `withVector`. */
  readonly vector?: Float32Array
}

export interface FacetCount {
  readonly value: string | number | boolean
  readonly count: number
}

export interface FacetResult {
  /** By falling count; of equal counts bools, then numbers, then texts, each ascending. */
  readonly counts: readonly FacetCount[]
  /** true: no value is missing, and no count too low. */
  readonly exact: boolean
}

export interface WriteResult {
  /** Points written, changed or deleted. */
  readonly affected: number
  /** For later reads with consistency `session`, to see at least this write. */
  readonly sessionToken: string
}

/** How fresh a read is. Default `eventual`: any replica. */
export interface ReadOptions {
  /** `session`: not older than `sessionToken`. `strong`: sees every write acknowledged before. */
  readonly consistency?: 'eventual' | 'session' | 'strong'
  readonly sessionToken?: string
}

/** What one query looks for. */
export type PointQuery =
  | { readonly vector: VectorInput }
  /** The vector of this point; the point itself is left out. */
  | { readonly id: string }
  /** Embedded by the collection's embedder. */
  | { readonly text: string }
  /** Points like some examples and unlike others; the examples are left out. */
  | { readonly recommend: Recommend }

export type SearchQuery<Payload = Record<string, unknown>> =
  | PointQuery
  /** Several searches whose results become one list. */
  | { readonly fused: Fused<Payload> }

/** Several searches at once; of equal scores the lower id comes first. Higher is better there. */
export interface Fused<Payload> {
  /** 1 to 16. */
  readonly legs: readonly FusedLeg<Payload>[]
  /**
   * `ranks` (default): the sum of weight / (rankConstant + rank) over the legs that have the point.
   * `scores`: the sum of weight x score, the scores of each leg brought to [0, 1].
   */
  readonly method?: 'ranks' | 'scores'
  /** Of `ranks`, 1 to 10,000. Default 60. */
  readonly rankConstant?: number
}

export type FusedLeg<Payload> = PointQuery & {
  /** Holds beside the filter of the request. */
  readonly filter?: Filter<Payload>
  /** The nearest of the leg that count. Default 100, or what the request reaches to. */
  readonly topK?: number
  readonly scoreThreshold?: number
  /** Above 0. Default 1. */
  readonly weight?: number
}

/** Examples of what results should be like: up to 100 of both kinds together. */
export interface Recommend {
  /** At least one. */
  readonly positive: readonly Example[]
  readonly negative?: readonly Example[]
  /**
   * `average` (default): one search, for what lies between the examples. `best_score`: each point
   * is scored by the positive example that it is most like, unless it is as much like a negative
   * one. Higher is better there, whatever the metric is; docs/QUERIES.md has the formula.
   */
  readonly strategy?: 'average' | 'best_score'
}

/** A point by its id, or a vector. */
export type Example = { readonly id: string } | { readonly vector: VectorInput }

export type SearchRequest<Payload> = SearchQuery<Payload> &
  ReadOptions & {
    /** Number of results, 1 to 10,000. Default 10. */
    readonly topK?: number
    readonly filter?: Filter<Payload>
    /** Default true. */
    readonly withPayload?: boolean
    readonly withVector?: boolean
    /** Milliseconds allowed on the server, 1 to 60,000. Default 10,000. */
    readonly timeoutMs?: number
    /** Compare with every matching point instead of walking the graph. */
    readonly exact?: boolean
    /** Recall to aim at, .80 to .999. Default .98. */
    readonly targetRecall?: number
    /**
     * Search as for so many results in each shard, and return the nearest `topK`: what to raise
     * when `whyNot` says that a point is missed. Up to 10,000.
     */
    readonly width?: number
    /** Tell the plan and what happened. */
    readonly explain?: boolean
    /**
     * Answer from the shards that can be asked; `complete` and `missing` tell. Default: a shard
     * that cannot be asked fails the search.
     */
    readonly allowPartial?: boolean
    /**
     * false: asks the shards, whatever the gateway remembers. Default true: an equal search of late
     * may be answered from memory, where that is as fresh as `consistency` asks.
     */
    readonly cache?: boolean
    /** Id of a point: the result tells why it is not in it. Costs an exact search besides. */
    readonly whyNot?: string
    /** Only points nearer than this: of a higher score for cosine and dot, a lower one for l2. */
    readonly scoreThreshold?: number
    /** Results to pass over, the nearest first. `offset + topK` is at most 10,000. */
    readonly offset?: number
    /**
     * Set, the results come in pages: empty for the first one, then `nextPageToken` of the one
     * before. `Collection.searchPages` does it all.
     */
    readonly pageToken?: string
    /** Which fields of payloads to return; default all. */
    readonly payloadFields?: PayloadFields
    /** The nearest groups of points of one value of a field: `groups`, not `results`. */
    readonly groupBy?: GroupBy
    /** Puts the best candidates into another order; without a reranker they keep theirs. */
    readonly rerank?: Rerank
  }

/** `topK` counts groups then, 1 to 1,000; with `groupSize` it makes 10,000 results at most. */
export interface GroupBy {
  /** A payload field by its dotted path, of strings, numbers or bools. */
  readonly field: string
  /** Results of a group, 1 to 100. Default 3. */
  readonly groupSize?: number
}

/** Points that have the same value of the field. */
export interface SearchGroup<Payload> {
  readonly value: string | number | boolean
  /** Nearest first. */
  readonly results: readonly ScoredPoint<Payload>[]
}

/** Fields of payloads, by dotted paths as in filters. */
export interface PayloadFields {
  /** Only these. */
  readonly include?: readonly string[]
  /** Not these, also of what `include` names. */
  readonly exclude?: readonly string[]
}

export interface ScoredPoint<Payload> extends Point<Payload> {
  /** Higher is nearer for cosine and dot, lower is nearer for l2; reranked: higher is better. */
  readonly score: number
  /** After reranking: the score by the metric. */
  readonly originalScore?: number
  /** After reranking: why it stands where it does. */
  readonly rerankReason?: string
}

export interface ShardPlan {
  readonly shardId: number | string
  /** `scan`, `graph` or `filtered_graph`. */
  readonly strategy: string
  readonly reason: string
  readonly matches?: number
  readonly distancesComputed: number
  readonly rescored: number
  readonly tailScanned: number
  readonly tookUs: number
  /** Points expected to match, by the sizes of the payload indexes. */
  readonly matchesEstimated?: number
  /** Distances that the strategy was expected to compute. */
  readonly distancesEstimated: number
  /** What the planner chose from; costs in distances that a scan computes in the same time. */
  readonly alternatives: readonly {
    readonly strategy: string
    readonly cost: number
    readonly distances: number
  }[]
}

export interface SearchResult<Payload> {
  /** Nearest first. */
  readonly results: readonly ScoredPoint<Payload>[]
  /** true: no nearer point exists. */
  readonly exact: boolean
  /** true: every shard answered in full. */
  readonly complete: boolean
  readonly shardsTotal: number
  readonly shardsAnswered: number
  /** Points that match the filter, where known. */
  readonly matches?: number
  readonly warnings: readonly string[]
  /** With `explain`. */
  readonly plans: readonly ShardPlan[]
  /** Microseconds in the server. */
  readonly tookUs: number
  /** Shards that gave no answer, with `allowPartial`. */
  readonly missing: readonly MissingShard[]
  /** How far the results can be relied on. */
  readonly completeness: Completeness
  /** With `rerank`. */
  readonly rerank?: RerankReport
  /** With `explain`. */
  readonly explanation?: SearchExplanation
  readonly cache: CacheUse
  /** With `whyNot`. */
  readonly whyNot?: WhyNot
  /** With `pageToken` in the request: where the next page begins. Empty on the last one. */
  readonly nextPageToken: string
  /** With `groupBy`, in the order of their nearest points. */
  readonly groups: readonly SearchGroup<Payload>[]
  /** With `fused`: how far each leg can be relied on. */
  readonly legs: readonly Completeness[]
}

/** Why a point is not among the results. */
export interface WhyNot {
  readonly id: string
  readonly cause:
    | 'found'
    | 'no_such_point'
    | 'asked_by_it'
    | 'filtered'
    | 'shard_missing'
    | 'outranked'
    | 'missed'
    | 'too_far'
    | 'passed_over'
    | 'lost_by_codes'
    | 'not_reached'
  /** For people. */
  readonly text: string
  /** Place among all points that match, the nearest is 1; 0 where it is not known. */
  readonly rank: number
  readonly score?: number
  /** The part of the filter, with `filtered`. */
  readonly clause: string
  /** Place in its shard by code, with `lost_by_codes`. */
  readonly codedRank: number
  /** Candidates that its shard compared by their stored vectors, where codes or graph lost it. */
  readonly rescored: number
  /** Results that its shard was searched for, where codes or graph lost it. */
  readonly width: number
  /** A `width` that was tried and finds it; 0 when none does. */
  readonly widthSufficient: number
}

export interface Completeness {
  /** `truncated`: something that may belong to the answer is not in it. */
  readonly kind: 'exact' | 'approximate' | 'truncated'
  /** By what, one line each. */
  readonly truncatedBy: readonly string[]
}

/** How an answer came about. */
export interface SearchExplanation {
  /** In the order in which they began. */
  readonly stages: readonly SearchStage[]
  /** All of it for people. */
  readonly text: string
}

export interface SearchStage {
  /** For instance `fan_out` or `shard 7`. */
  readonly name: string
  /** Microseconds since the search began. */
  readonly startUs: number
  readonly tookUs: number
  readonly detail: string
}

/** Whether an answer was remembered by a gateway. */
export interface CacheUse {
  readonly hit: boolean
  /** Milliseconds since the shards gave it. */
  readonly ageMs: number
  /** Another gateway had asked them. */
  readonly shared: boolean
}

export interface MissingShard {
  readonly shardId: number | string
  /** A row of docs/ERRORS.md. */
  readonly reason: string
  readonly message: string
}
