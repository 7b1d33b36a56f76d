/**
 * Curves of speed over recall, and how two of them are compared at equal recall.
 */
import { assert } from '@vectron/base'

/** One effort of one contestant: what it found and how fast. */
export interface CurvePoint {
  /** What the contestant calls its effort: ef, or the recall aimed at. */
  readonly effort: number
  readonly recall: number
  /** Queries per second of CPU time; the median of the rounds. */
  readonly queriesPerCpuSecond: number
}

export function median(values: readonly number[]): number {
  assert(values.length > 0, 'a median needs values')
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** The value below which the share `quantile` of the values lies (nearest rank). */
export function quantileOf(sorted: ArrayLike<number>, quantile: number): number {
  const rank = Math.max(0, Math.ceil(sorted.length * quantile) - 1)
  return sorted[rank] ?? Number.NaN
}

/**
 * Queries per second at a recall: between the two nearest points, linear in recall for the
 * logarithm of the speed. Below the curve's first point that point's own speed, which understates;
 * undefined when the curve never reaches the recall.
 */
export function speedAt(curve: readonly CurvePoint[], recall: number): number | undefined {
  const points = frontier(curve)
  const above = points.findIndex((point) => point.recall >= recall)
  if (above < 0) return undefined
  const right = points[above]!
  const left = points[above - 1]
  if (left === undefined || right.recall === recall) return right.queriesPerCpuSecond
  const share = (recall - left.recall) / (right.recall - left.recall)
  const [from, to] = [Math.log(left.queriesPerCpuSecond), Math.log(right.queriesPerCpuSecond)]
  return Math.exp(from + share * (to - from))
}

/** Points that no other one beats in both, in the order of recall. */
function frontier(curve: readonly CurvePoint[]): CurvePoint[] {
  const beats = (a: CurvePoint, b: CurvePoint) =>
    a !== b && a.recall >= b.recall && a.queriesPerCpuSecond > b.queriesPerCpuSecond
  return curve
    .filter((point) => !curve.some((other) => beats(other, point)))
    .sort((a, b) => a.recall - b.recall)
}
