/**
 * Merges what shards answered to one query into one answer, nearest first.
 *
 * Hits are encoded points that go on as they are; only their scores are read. With one shard there
 * is nothing to merge and nothing of a hit is looked at.
 */

import { f32FromBytes, viewOf } from '@vectron/base'
import { type engine, vectron } from '@vectron/contracts'

/** The points of one query, from all shards. */
export interface MergedHits {
  /** Each an encoded `vectron.v1.ScoredPoint`. */
  readonly points: Uint8Array[]
  /** One for each point. */
  readonly scores: Float32Array | readonly number[]
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
  const isOne = results.length === 1 && only !== undefined
  return {
    ...(isOne ? hitsOfOne(only) : mergeHits(results, rule)),
    exact: results.every((result) => result.exact),
    matches: sumOfMatches(results),
    warnings: isOne ? only.warnings : distinctWarnings(results),
    plans: results.flatMap(({ plan }) => (plan.length === 0 ? [] : [plan])),
  }
}

/** Whether a higher score is nearer. */
export function higherIsNearer(metric: vectron.Metric): boolean {
  return metric !== vectron.Metric.L2
}

type Hits = Pick<MergedHits, 'points' | 'scores'>

function hitsOfOne({ points, scores }: engine.QueryResult): Hits {
  return { points, scores: f32FromBytes(scores) }
}

/** Whether one score is nearer than another. */
export function isNearer(metric: vectron.Metric, score: number, than: number): boolean {
  return higherIsNearer(metric) ? score > than : score < than
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
function mergeHits(results: readonly engine.QueryResult[], rule: MergeRule): Hits {
  const sign = higherIsNearer(rule.metric) ? -1 : 1
  const cursors: Cursor[] = results.map((result) => ({
    result,
    scores: viewOf(result.scores),
    at: 0,
  }))
  const points: Uint8Array[] = []
  const found: number[] = []
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
    found.push(sign * nearestDistance)
    nearest.at++
  }
  return { points, scores: found }
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
