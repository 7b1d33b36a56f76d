/** What a search is for, checked. resolve-targets.ts makes queries of it. */

import { LIMITS, VectronError } from '@vectron/base'
import { vectron, type wire } from '@vectron/contracts'
import { checkId, takeVector } from '../check-point.ts'

/** What to search for, as the request says it. */
export type SearchTarget =
  | { readonly kind: 'vector'; readonly vector: Uint8Array }
  | PointNamed
  | { readonly kind: 'text'; readonly text: string; readonly field: string }
  | RecommendTarget

/** A point by its id, and the field that names it. */
export interface PointNamed {
  readonly kind: 'id'
  readonly id: string
  readonly field: string
}

export type Example = { readonly kind: 'vector'; readonly vector: Uint8Array } | PointNamed

/** Points like some examples, and unlike others. */
export interface RecommendTarget {
  readonly kind: 'recommend'
  readonly positive: readonly Example[]
  readonly negative: readonly Example[]
  readonly strategy: 'average' | 'best_score'
  readonly field: string
}

/** By which metric the scores of its hits are ordered: those of `best_score` as by dot. */
export function orderOf(target: SearchTarget, metric: vectron.Metric): vectron.Metric {
  const isBestScore = target.kind === 'recommend' && target.strategy === 'best_score'
  return isBestScore ? vectron.Metric.DOT : metric
}

/** The ids of examples and targets, each once. */
export function pointsNamed(target: SearchTarget): readonly PointNamed[] {
  switch (target.kind) {
    case 'id':
      return [target]
    case 'recommend':
      return [...target.positive, ...target.negative].filter((example) => example.kind === 'id')
    case 'vector':
    case 'text':
      return []
  }
}

/** @throws VectronError with the field at fault. */
export function takeTarget(
  query: wire.FusedLeg['query'],
  collection: vectron.Collection,
  prefix: string,
): SearchTarget {
  switch (query.case) {
    case 'vector':
      return vectorAt(query.value, collection, `${prefix}vector`)
    case 'id':
      return pointAt(query.value, `${prefix}id`)
    case 'text':
      return { kind: 'text', text: query.value, field: `${prefix}text` }
    case 'recommend':
      return takeRecommend(query.value, collection, `${prefix}recommend`)
    case undefined:
      throw new VectronError(
        'MISSING_FIELD',
        `${prefix}vector, ${prefix}id, ${prefix}text or ${prefix}recommend must say what to search for.`,
        { field: `${prefix}vector` },
      )
  }
}

function takeRecommend(
  recommend: wire.Recommend,
  collection: vectron.Collection,
  field: string,
): RecommendTarget {
  const strategy = takeStrategy(recommend.strategy, `${field}.strategy`)
  if (recommend.positive.length === 0) {
    const path = `${field}.positive`
    const message = `${path} is empty; at least one example says what results are to be like.`
    throw new VectronError('MISSING_FIELD', message, { field: path })
  }
  const count = recommend.positive.length + recommend.negative.length
  if (count > LIMITS.recommendExamplesMax) {
    const message = `${field} has ${count} examples; the limit is ${LIMITS.recommendExamplesMax}.`
    throw new VectronError('BATCH_TOO_LARGE', message, { field })
  }
  const take = (examples: readonly wire.Example[], name: string) =>
    examples.map((example, index) => takeExample(example, collection, `${field}.${name}[${index}]`))
  return {
    kind: 'recommend',
    positive: take(recommend.positive, 'positive'),
    negative: take(recommend.negative, 'negative'),
    strategy,
    field,
  }
}

function takeStrategy(
  strategy: vectron.RecommendStrategy,
  field: string,
): RecommendTarget['strategy'] {
  switch (strategy) {
    case vectron.RecommendStrategy.UNSPECIFIED:
    case vectron.RecommendStrategy.AVERAGE:
      return 'average'
    case vectron.RecommendStrategy.BEST_SCORE:
      return 'best_score'
    // Proto3 enums are open: others may come.
    default:
      throw new VectronError('INVALID_ARGUMENT', `${field} ${strategy} does not exist.`, { field })
  }
}

function takeExample(
  { example }: wire.Example,
  collection: vectron.Collection,
  field: string,
): Example {
  switch (example.case) {
    case 'vector':
      return vectorAt(example.value, collection, `${field}.vector`)
    case 'id':
      return pointAt(example.value, `${field}.id`)
    case undefined:
      throw new VectronError('MISSING_FIELD', `${field} has neither an id nor a vector.`, { field })
  }
}

function vectorAt(encoded: Uint8Array, collection: vectron.Collection, field: string) {
  const { name, dimension, metric } = collection
  const vector = takeVector(encoded, { collection: name, dimension, metric }, () => field)
  return { kind: 'vector' as const, vector }
}

function pointAt(id: string, field: string): PointNamed {
  checkId(id, () => field)
  return { kind: 'id', id, field }
}
