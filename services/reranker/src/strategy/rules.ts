/**
 * rules: boosts and decays that people write down.
 *
 * A candidate begins with its original score by the range of the candidates' scores, 0 to 1. Each
 * rule, in order, finds a strength from 0 to 1 in the payload and the query, and either adds
 * `boost` times the strength, or multiplies by 1 + (factor - 1) * strength: by `factor` at full
 * strength, by 1 at none.
 *
 *   kind       fields               strength
 *   termMatch  fields, query        share of the query's words that the text fields have
 *   phrase     fields, query        1 when the query's words stand one after the other
 *   recency    field, halfLifeDays  0.5 ^ (age / halfLifeDays); 1 for the future
 *   decay      field, halfLifeDays  1 - recency: how old
 *   number     field, from, to      where the number lies between the two
 *   equals     field, value         1 when the field, or one of its values, is the value
 *
 * `query` stands in for the query's text. A field that is absent has the strength 0.
 */
import {
  coverageOfWords,
  decay,
  hasPhrase,
  JsonReader,
  type JsonValue,
  normaliseScores,
  numberAt,
  orderByScore,
  splitWords,
  textAt,
  timeAt,
  valuesAt,
} from '@vectron/ranking'
import { bestByScore, type RankJob, type Strategy, shown } from './strategy.ts'

type Effect =
  | { readonly kind: 'boost'; readonly boost: number }
  | { readonly kind: 'factor'; readonly factor: number }

type Condition =
  | { readonly kind: 'termMatch' | 'phrase'; readonly fields: string[]; readonly query: string }
  | { readonly kind: 'recency' | 'decay'; readonly field: string; readonly halfLifeDays: number }
  | { readonly kind: 'number'; readonly field: string; readonly from: number; readonly to: number }
  | { readonly kind: 'equals'; readonly field: string; readonly value: string | number | boolean }

interface Rule {
  /** In reasons: `phrase(title)`. */
  readonly name: string
  readonly condition: Condition
  readonly effect: Effect
}

const KINDS = ['termMatch', 'phrase', 'recency', 'decay', 'number', 'equals'] as const
const RULES_COUNT = { min: 1, max: 64 }
const FIELDS_COUNT = { min: 1, max: 20 }
const BOOST = { min: -100, max: 100 }
const FACTOR = { min: 0, max: 100 }
const DAYS = { min: 0.001, max: 100_000 }
const NUMBER = { min: -1e15, max: 1e15 }

export const RULES: Strategy = {
  name: 'rules',
  version: '1',
  description: 'Boosts and decays by words, phrases, dates, numbers and values of the payload.',
  wantsPayload: true,
  wantsVector: false,
  isCostly: false,
  problem: () => '',
  prepare(parameters) {
    const rules = parameters.list('rules', RULES_COUNT, parseRule)
    parameters.end()
    return { version: '1', rank: (job) => rankByRules(rules, job) }
  },
}

function parseRule(value: unknown, path: string): Rule {
  const reader = new JsonReader(value, path)
  const kind = reader.choice('kind', KINDS)
  const condition = readCondition(kind, reader)
  const about = 'fields' in condition ? condition.fields.join(', ') : condition.field
  const rule = {
    name: reader.string('name', `${kind}(${about})`).replaceAll(/\s+/g, ' '),
    condition,
    effect: readEffect(reader),
  }
  reader.end()
  return rule
}

function readCondition(kind: (typeof KINDS)[number], reader: JsonReader): Condition {
  switch (kind) {
    case 'termMatch':
    case 'phrase':
      return {
        kind,
        fields: reader.strings('fields', FIELDS_COUNT),
        query: reader.string('query', ''),
      }
    case 'recency':
    case 'decay':
      return {
        kind,
        field: reader.string('field'),
        halfLifeDays: reader.number('halfLifeDays', DAYS),
      }
    case 'number': {
      const from = reader.number('from', NUMBER)
      const to = reader.number('to', NUMBER)
      if (from === to) throw reader.refuse('to', `is ${to}, as from is; they must differ`)
      return { kind, field: reader.string('field'), from, to }
    }
    case 'equals':
      return { kind, field: reader.string('field'), value: reader.scalar('value') }
  }
}

function readEffect(reader: JsonReader): Effect {
  const hasFactor = reader.has('factor')
  if (hasFactor && reader.has('boost')) {
    throw reader.refuse('factor', 'and boost are both set; set one of them')
  }
  return hasFactor
    ? { kind: 'factor', factor: reader.number('factor', FACTOR) }
    : { kind: 'boost', boost: reader.number('boost', BOOST) }
}

async function rankByRules(rules: readonly Rule[], job: RankJob) {
  const { candidates, higherIsBetter, breathe } = job
  const relevance = normaliseScores(
    candidates.map(({ score }) => score),
    higherIsBetter,
  )
  const scores: number[] = []
  const reasons: string[] = []
  for (const [place, { payload }] of candidates.entries()) {
    let score = relevance[place] ?? 0
    const parts = [`relevance ${shown(score)}`]
    for (const { name, condition, effect } of rules) {
      const strength = strengthOf(condition, payload, job)
      if (strength === 0) continue
      switch (effect.kind) {
        case 'boost':
          score += effect.boost * strength
          parts.push(`${effect.boost < 0 ? '' : '+'}${shown(effect.boost * strength)} ${name}`)
          break
        case 'factor': {
          const factor = 1 + (effect.factor - 1) * strength
          score *= factor
          parts.push(`×${shown(factor)} ${name}`)
          break
        }
      }
    }
    scores.push(score)
    reasons.push(parts.join(' '))
    await breathe()
  }
  return bestByScore(job, scores, orderByScore(scores), (place) => reasons[place] ?? '')
}

/** From 0 to 1. */
function strengthOf(condition: Condition, payload: JsonValue, job: RankJob): number {
  switch (condition.kind) {
    case 'termMatch': {
      const words = splitWords(textAt(payload, condition.fields))
      return coverageOfWords(splitWords(condition.query || job.queryText), words)
    }
    case 'phrase': {
      const phrase = splitWords(condition.query || job.queryText)
      const texts = condition.fields.flatMap((field) => valuesAt(payload, field))
      const has = (text: JsonValue) =>
        typeof text === 'string' && hasPhrase(phrase, splitWords(text))
      return texts.some(has) ? 1 : 0
    }
    case 'recency':
    case 'decay': {
      const timeMs = timeAt(payload, condition.field)
      if (timeMs === undefined) return 0
      const recency = decay(job.nowMs - timeMs, condition.halfLifeDays)
      return condition.kind === 'recency' ? recency : 1 - recency
    }
    case 'number': {
      const value = numberAt(payload, condition.field)
      if (value === undefined) return 0
      const { from, to } = condition
      return Math.min(1, Math.max(0, (value - from) / (to - from)))
    }
    case 'equals':
      return valuesAt(payload, condition.field).includes(condition.value) ? 1 : 0
  }
}
