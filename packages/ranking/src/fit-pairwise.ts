/**
 * Fits a linear model to judged queries, by pairs: of two candidates of one query, the better one
 * should score higher (RankNet of Burges et al., ICML 2005, with a linear scorer).
 *
 * Minimises the mean over queries of log(1 + exp(-(s_better - s_worse))) over their pairs, plus
 * l2 / 2 * |w|^2. That is convex and smooth, so gradient descent with the step 1 / L, L a bound of
 * the curvature, comes down at every step: the same data give the same weights. Randomness only
 * chooses the pairs of a query that has very many.
 */
import { type Random, seededRandom } from '@vectron/base'
import { type FeatureSpec, type LinearModel, standardised } from './linear-model.ts'

/** One query: a row of features and a grade for each candidate. */
export interface LabelledQuery {
  readonly rows: readonly (readonly number[])[]
  readonly grades: readonly number[]
}

export interface FitOptions {
  readonly features: readonly FeatureSpec[]
  readonly seed: bigint
  /** Pulls weights towards 0. Default: 0.01. */
  readonly l2?: number
  /** Default: 2000. */
  readonly steps?: number
}

/** Pairs taken of one query; more of them say little that is new. */
const PAIRS_PER_QUERY_MAX = 500

export function fitPairwise(queries: readonly LabelledQuery[], options: FitOptions): LinearModel {
  const { features, seed, l2 = 0.01, steps = 2000 } = options
  const scale = measure(
    queries.flatMap(({ rows }) => rows),
    features.length,
  )
  const random = seededRandom(seed)
  const pairs = queries.flatMap((query) => pairsOf(query, features.length, scale, random))
  const weights = descend(pairs, { dimension: features.length, l2, steps })
  return { features, ...scale, weights }
}

type Scale = Pick<LinearModel, 'means' | 'scales'>

/** Mean and standard deviation of each feature; a constant one is left as it is. */
function measure(rows: readonly (readonly number[])[], dimension: number): Scale {
  const means: number[] = []
  const scales: number[] = []
  for (let at = 0; at < dimension; at++) {
    const values = rows.map((row) => row[at] ?? Number.NaN).filter((value) => !Number.isNaN(value))
    const count = Math.max(1, values.length)
    const mean = values.reduce((sum, value) => sum + value, 0) / count
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count
    const deviation = Math.sqrt(variance)
    means.push(mean)
    scales.push(deviation > 1e-12 ? deviation : 1)
  }
  return { means, scales }
}

/** What the better candidate has more of than the worse one, and how much the pair counts. */
interface Pair {
  readonly difference: readonly number[]
  readonly weight: number
}

function pairsOf(
  { rows, grades }: LabelledQuery,
  dimension: number,
  scale: Scale,
  random: Random,
): Pair[] {
  const all: [better: number, worse: number][] = []
  for (let a = 0; a < rows.length; a++) {
    for (let b = 0; b < rows.length; b++) {
      if ((grades[a] ?? 0) > (grades[b] ?? 0)) all.push([a, b])
    }
  }
  const taken = all.length <= PAIRS_PER_QUERY_MAX ? all : draw(all, PAIRS_PER_QUERY_MAX, random)
  return taken.map(([better, worse]) => ({
    difference: Array.from(
      { length: dimension },
      (_, at) =>
        standardised(scale, rows[better] ?? [], at) - standardised(scale, rows[worse] ?? [], at),
    ),
    // Each query counts the same, however many pairs it has.
    weight: 1 / taken.length,
  }))
}

/** The first places of a shuffle. */
function draw<T>(items: readonly T[], count: number, random: Random): T[] {
  const shuffled = [...items]
  for (let at = 0; at < count; at++) {
    const other = at + random.nextBelow(shuffled.length - at)
    const kept = shuffled[at] as T
    shuffled[at] = shuffled[other] as T
    shuffled[other] = kept
  }
  return shuffled.slice(0, count)
}

function descend(
  pairs: readonly Pair[],
  { dimension, l2, steps }: { dimension: number; l2: number; steps: number },
): number[] {
  const weights = new Array<number>(dimension).fill(0)
  const total = pairs.reduce((sum, { weight }) => sum + weight, 0)
  if (total === 0) return weights
  // The second derivative of log(1 + e^-x) is 1/4 at most.
  const curvature = pairs.reduce(
    (sum, { difference, weight }) => sum + (weight / total / 4) * dot(difference, difference),
    l2,
  )
  for (let step = 0; step < steps; step++) {
    const gradient = weights.map((weight) => l2 * weight)
    for (const { difference, weight } of pairs) {
      const pull = weight / total / (1 + Math.exp(dot(weights, difference)))
      for (let at = 0; at < dimension; at++) {
        gradient[at] = (gradient[at] ?? 0) - pull * (difference[at] ?? 0)
      }
    }
    for (let at = 0; at < dimension; at++) {
      weights[at] = (weights[at] ?? 0) - (gradient[at] ?? 0) / curvature
    }
  }
  return weights
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0)
}
