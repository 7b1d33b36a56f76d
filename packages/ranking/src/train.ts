/**
 * Trains a linear model on judged queries, and measures it on some that it did not see.
 *
 * Whole queries are held out, so that no candidate of theirs has been seen. Before and after are
 * the mean nDCG@10 of the held-out queries in their original order, and by the model.
 */
import { assertDefined, seededRandom } from '@vectron/base'
import { fitPairwise, type LabelledQuery } from './fit-pairwise.ts'
import { type FeatureSpec, type LinearModel, scoreLinear } from './linear-model.ts'
import { ndcgAt } from './ndcg.ts'
import { orderByScore } from './normalise.ts'

/** One query with its candidates in their original order. */
export interface JudgedQuery extends LabelledQuery {
  /** Names the query. */
  readonly key: string
  /** Grades of all that was judged, also of points that are no candidates. */
  readonly known: readonly number[]
}

export interface TrainOptions {
  readonly features: readonly FeatureSpec[]
  readonly seed: bigint
  /** Share of the queries that are held out. */
  readonly heldOutShare: number
}

export interface Training {
  readonly model: LinearModel
  readonly trainedQueries: number
  readonly heldOutQueries: number
  readonly ndcgBefore: number
  readonly ndcgAfter: number
}

/** Results that the measure looks at. */
const DEPTH = 10

/** undefined: there are fewer than two queries with something relevant. */
export function trainLinear(
  queries: readonly JudgedQuery[],
  { features, seed, heldOutShare }: TrainOptions,
): Training | undefined {
  // The others say nothing about what is better than what.
  const telling = queries.filter(({ known }) => known.some((grade) => grade > 0))
  if (telling.length < 2) return undefined
  const { held, others } = split(telling, seed, heldOutShare)
  const model = fitPairwise(others, { features, seed })
  return {
    model,
    trainedQueries: others.length,
    heldOutQueries: held.length,
    ndcgBefore: meanNdcg(held, ({ rows }) => [...rows.keys()]),
    ndcgAfter: meanNdcg(held, ({ rows }) =>
      orderByScore(rows.map((row) => scoreLinear(model, row))),
    ),
  }
}

/** By the names of the queries and the seed alone, whatever order they came in. */
function split(queries: readonly JudgedQuery[], seed: bigint, heldOutShare: number) {
  const sorted = [...queries].sort((a, b) => (a.key < b.key ? -1 : 1))
  const random = seededRandom(seed)
  const shuffled = sorted
    .map((query) => ({ query, at: random.nextFloat() }))
    .sort((a, b) => a.at - b.at)
    .map(({ query }) => query)
  const wanted = Math.round(heldOutShare * shuffled.length)
  const count = Math.min(shuffled.length - 1, Math.max(1, wanted))
  return { held: shuffled.slice(0, count), others: shuffled.slice(count) }
}

function meanNdcg(
  queries: readonly JudgedQuery[],
  orderOf: (query: JudgedQuery) => readonly number[],
): number {
  const each = queries.map((query) => {
    const grades = orderOf(query).map((place) => query.grades[place] ?? 0)
    return assertDefined(ndcgAt(DEPTH, grades, query.known), 'a telling query is measured')
  })
  return each.reduce((sum, value) => sum + value, 0) / each.length
}
