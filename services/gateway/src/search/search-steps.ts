/**
 * A search as steps: queries go out, hits come in, until it has its results.
 *
 * Most searches are one query. Pages look deeper until they are full. The steps are generators that
 * ask nobody themselves: gathering.ts runs them, and asks the shards once for the queries of all
 * searches of a job that are at the same step.
 */

import type { PartitionValue } from '@vectron/routing'
import type { Query } from '@vectron/shard'
import type { MergedHits } from './merge.ts'

/** One query of a search. */
export interface Leg {
  readonly query: Query
  /** Outside of these nothing can match; undefined when every partition may hold matches. */
  readonly partitions: readonly PartitionValue[] | undefined
  /** Stands before the names of fields in errors, for instance `searches[3].`. */
  readonly prefix: string
}

/** What a search has found. */
export interface Gathered {
  /** Each an encoded `vectron.v1.ScoredPoint`, nearest first. */
  readonly points: Uint8Array[]
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
