/**
 * A search as steps: queries go out, hits come in, until it has its results.
 *
 * Most searches are one query. Pages look deeper until they are full, and groups until there are
 * enough of them. The steps are generators that ask nobody themselves: gathering.ts runs them, and
 * asks the shards once for the queries of all searches of a job that are at the same step.
 */

import type { vectron } from '@vectron/contracts'
import type { PartitionValue } from '@vectron/routing'
import type { FieldValue } from '@vectron/rpc'
import type { Query } from '@vectron/shard'
import type { MergedHits } from './merge.ts'

/** One query of a search. */
export interface Leg {
  readonly query: Query
  /** The metric by which scores of its hits are ordered. */
  readonly order: vectron.Metric
  /** Outside of these nothing can match; undefined when every partition may hold matches. */
  readonly partitions: readonly PartitionValue[] | undefined
  /** Stands before the names of fields in errors, for instance `searches[3].`. */
  readonly prefix: string
  /** Where else than in its filter the request names payload fields: by field, the path there. */
  readonly namedAt?: ReadonlyMap<string, string>
  /** Another query has asked whether the fields of its filter exist. */
  readonly isChecked?: boolean
}

/** Points that have the same value of a field. */
export interface GatheredGroup {
  readonly value: FieldValue
  /** Each an encoded `vectron.v1.ScoredPoint`, nearest first. */
  readonly points: Uint8Array[]
}

/** What a search has found. */
export interface Gathered {
  /** Each an encoded `vectron.v1.ScoredPoint`, nearest first. */
  readonly points: Uint8Array[]
  /** Where results are grouped; `points` is empty then. */
  readonly groups: readonly GatheredGroup[]
  readonly exact: boolean
  /** Points that match the filter, where known. */
  readonly matches: bigint | undefined
  /** Where the next page begins; empty where there is none. */
  readonly nextPageToken: string
  /** Why something may be lacking, beside shards that did not answer. */
  readonly truncatedBy: readonly string[]
}

/** Takes the hits of each query that it asked for, in their order. */
export type SearchSteps = Generator<readonly Leg[], Gathered, readonly MergedHits[]>
