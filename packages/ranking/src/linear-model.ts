/**
 * A linear model: the score of a candidate is the weighted sum of its standardised features.
 *
 * As JSON: `{"format": "vectron-linear-1", "features": [{"kind": "score"}, {"kind": "number",
 * "field": "stars"}], "means": [0.5, 12], "scales": [0.2, 30], "weights": [1.3, 0.2]}`. What a
 * training says of itself may stand beside, under `training`.
 */
import { VectronError } from '@vectron/base'
import { JsonReader } from './json-reader.ts'

export type FeatureSpec =
  | { readonly kind: 'score' }
  | { readonly kind: 'rank' }
  | { readonly kind: 'coverage'; readonly fields: readonly string[] }
  | { readonly kind: 'phrase'; readonly fields: readonly string[] }
  | { readonly kind: 'recency'; readonly field: string; readonly halfLifeDays: number }
  | { readonly kind: 'number'; readonly field: string }

export interface LinearModel {
  readonly features: readonly FeatureSpec[]
  /** Of each feature, over what the model was trained on. */
  readonly means: readonly number[]
  /** Standard deviations; none is 0. */
  readonly scales: readonly number[]
  readonly weights: readonly number[]
}

const FORMAT = 'vectron-linear-1'
const FEATURES_MAX = 100
const FIELDS = { min: 1, max: 20 }
const KINDS = ['score', 'rank', 'coverage', 'phrase', 'recency', 'number'] as const

/** @throws VectronError with the field at fault */
export function parseLinearModel(text: string, path: string): LinearModel {
  const reader = new JsonReader(parseJson(text, path), path)
  reader.choice('format', [FORMAT])
  const features = readFeatures(reader)
  const count = { min: features.length, max: features.length }
  const [means, scales, weights] = [
    reader.numbers('means', count),
    reader.numbers('scales', count),
    reader.numbers('weights', count),
  ]
  if (scales.some((scale) => scale <= 0)) throw reader.refuse('scales', 'has one that is not > 0')
  reader.has('training')
  reader.end()
  return { features, means, scales, weights }
}

/** The `features` of an object; a list of them is what a training is told. */
export function parseFeatures(text: string, path: string): FeatureSpec[] {
  const reader = new JsonReader(parseJson(text, path), path)
  const features = readFeatures(reader)
  reader.end()
  return features
}

export function formatLinearModel(model: LinearModel, training: object): string {
  return `${JSON.stringify({ format: FORMAT, ...model, training }, null, 2)}\n`
}

export function scoreLinear(model: LinearModel, row: readonly number[]): number {
  let score = 0
  for (const [at, weight] of model.weights.entries()) score += weight * standardised(model, row, at)
  return score
}

/** A feature that is missing is as good as the mean. */
export function standardised(
  { means, scales }: Pick<LinearModel, 'means' | 'scales'>,
  row: readonly number[],
  at: number,
): number {
  const value = row[at] ?? Number.NaN
  return Number.isNaN(value) ? 0 : (value - (means[at] ?? 0)) / (scales[at] ?? 1)
}

function readFeatures(reader: JsonReader): FeatureSpec[] {
  return reader.list('features', { min: 1, max: FEATURES_MAX }, parseFeature)
}

function parseFeature(value: unknown, path: string): FeatureSpec {
  const reader = new JsonReader(value, path)
  const spec = readFeature(reader)
  reader.end()
  return spec
}

function readFeature(reader: JsonReader): FeatureSpec {
  const kind = reader.choice('kind', KINDS)
  switch (kind) {
    case 'score':
    case 'rank':
      return { kind }
    case 'coverage':
    case 'phrase':
      return { kind, fields: reader.strings('fields', FIELDS) }
    case 'recency': {
      const halfLifeDays = reader.number('halfLifeDays', { min: 0.001, max: 100_000 }, 30)
      return { kind, field: reader.string('field'), halfLifeDays }
    }
    case 'number':
      return { kind, field: reader.string('field') }
  }
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new VectronError('INVALID_JSON', `${path} is no JSON: ${(cause as Error).message}.`, {
      subject: path,
      cause,
    })
  }
}
