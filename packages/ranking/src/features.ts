/**
 * Features: what a learned model sees of a candidate, as numbers. The same code computes them where
 * a model is trained and where it is used.
 *
 *   score     the original score by the range of the candidates': 1 the nearest, 0 the farthest
 *   rank      1 / rank in the original order, ranks from 1
 *   coverage  share of the distinct words of the query that the text fields have
 *   phrase    1 when the words of the query stand in a text field one after the other, else 0
 *   recency   0.5 ^ (age / halfLifeDays); 1 for the future
 *   number    the first number of the field
 *
 * A candidate without the field has no value (NaN), for which a model takes its mean.
 */
import type { FeatureSpec } from './linear-model.ts'
import { normaliseScores } from './normalise.ts'
import { type JsonValue, numberAt, textAt, timeAt } from './payload.ts'
import { coverageOfWords, hasPhrase, splitWords } from './words.ts'

export interface FeatureQuery {
  /** Empty for a search by vector alone. */
  readonly text: string
  /** Milliseconds since 1970. */
  readonly nowMs: number
  /** Whether a higher score is nearer. */
  readonly higherIsBetter: boolean
}

/** Candidates come in their original order. */
export interface FeatureCandidate {
  readonly score: number
  readonly payload: JsonValue
}

const DAY_MS = 86_400_000

/** A row for each candidate, a column for each feature. */
export function featuresOf(
  specs: readonly FeatureSpec[],
  query: FeatureQuery,
  candidates: readonly FeatureCandidate[],
): number[][] {
  const scores = candidates.map(({ score }) => score)
  const relevance = normaliseScores(scores, query.higherIsBetter)
  const words = splitWords(query.text)
  return candidates.map(({ payload }, place) => {
    const seen = { payload, rank: place + 1, relevance: relevance[place] ?? 0 }
    return specs.map((spec) => featureOf(spec, { words, nowMs: query.nowMs }, seen))
  })
}

function featureOf(
  spec: FeatureSpec,
  query: { readonly words: readonly string[]; readonly nowMs: number },
  seen: { readonly payload: JsonValue; readonly rank: number; readonly relevance: number },
): number {
  const { payload } = seen
  switch (spec.kind) {
    case 'score':
      return seen.relevance
    case 'rank':
      return 1 / seen.rank
    case 'coverage':
      return coverageOfWords(query.words, splitWords(textAt(payload, spec.fields)))
    case 'phrase': {
      const texts = spec.fields.map((field) => splitWords(textAt(payload, [field])))
      return texts.some((text) => hasPhrase(query.words, text)) ? 1 : 0
    }
    case 'recency': {
      const timeMs = timeAt(payload, spec.field)
      return timeMs === undefined ? Number.NaN : decay(query.nowMs - timeMs, spec.halfLifeDays)
    }
    case 'number':
      return numberAt(payload, spec.field) ?? Number.NaN
  }
}

/** 1 now and in the future, a half after the half-life. */
export function decay(ageMs: number, halfLifeDays: number): number {
  return 0.5 ** (Math.max(0, ageMs) / (halfLifeDays * DAY_MS))
}
