/**
 * Merges what shards answered to one query into one answer, nearest first.
 *
 * Hits are encoded points that go on as they are; only their scores are read. With one shard there
 * is nothing to merge and nothing of a hit is looked at.
 */

import { viewOf } from '@vectron/base'
import { type engine, vectron } from '@vectron/contracts'

/** The points of one query, from all shards. */
export interface MergedHits {
  /** Each an encoded `vectron.v1.ScoredPoint`. */
  readonly points: Uint8Array[]
  readonly exact: boolean
  /** Points that match the filter; absent when some shard does not know. */
  readonly matches: bigint | undefined
  readonly warnings: string[]
  /** Each an encoded `vectron.v1.ShardPlan`. */
  readonly plans: Uint8Array[]
}

export interface MergeRule {
  readonly metric: vectron.Metric
  readonly topK: number
}

export function mergeResults(results: readonly engine.QueryResult[], rule: MergeRule): MergedHits {
  const [only] = results
  const points = results.length === 1 && only !== undefined ? only.points : mergeHits(results, rule)
  return {
    points,
    exact: results.every((result) => result.exact),
    matches: sumOfMatches(results),
    warnings: results.length === 1 ? (only?.warnings ?? []) : distinctWarnings(results),
    plans: results.flatMap(({ plan }) => (plan.length === 0 ? [] : [plan])),
  }
}

/** Whether a higher score is nearer. */
export function higherIsNearer(metric: vectron.Metric): boolean {
  return metric !== vectron.Metric.L2
}

interface Cursor {
  readonly result: engine.QueryResult
  readonly scores: DataView
  at: number
}

/**
 * A k-way merge. Shards are few, so the nearest head is found by looking at each; of equal scores
 * the earlier shard's comes first, so that the same answers merge the same way.
 */
function mergeHits(results: readonly engine.QueryResult[], rule: MergeRule): Uint8Array[] {
  const sign = higherIsNearer(rule.metric) ? -1 : 1
  const cursors: Cursor[] = results.map((result) => ({
    result,
    scores: viewOf(result.scores),
    at: 0,
  }))
  const points: Uint8Array[] = []
  while (points.length < rule.topK) {
    let nearest: Cursor | undefined
    let nearestDistance = Infinity
    for (const cursor of cursors) {
      if (cursor.at >= cursor.result.points.length) continue
      const distance = sign * cursor.scores.getFloat32(4 * cursor.at, true)
      if (nearest !== undefined && distance >= nearestDistance) continue
      nearest = cursor
      nearestDistance = distance
    }
    const point = nearest?.result.points[nearest.at]
    if (nearest === undefined || point === undefined) break
    points.push(point)
    nearest.at++
  }
  return points
}

function sumOfMatches(results: readonly engine.QueryResult[]): bigint | undefined {
  let sum = 0n
  for (const { matches } of results) {
    if (matches === undefined) return undefined
    sum += matches
  }
  return sum
}

function distinctWarnings(results: readonly engine.QueryResult[]): string[] {
  return [...new Set(results.flatMap(({ warnings }) => warnings))]
}
