/**
 * fusion: several rankings of the candidates made one, by ranks (RRF) or by normalised scores.
 *
 * `{"method": "ranks", "k": 60, "rankings": [{"by": "score"}, {"by": "words", "fields": ["title"]},
 * {"by": "field", "field": "stars", "order": "descending", "weight": 0.5}]}`: by the original score,
 * by the share of the query's words that text fields have, and by a number or date of the payload.
 * A ranking leaves out the candidates that it can say nothing of.
 */
import {
  coverageOfWords,
  fuseRanks,
  fuseScores,
  JsonReader,
  normaliseScores,
  numberAt,
  orderByScore,
  RRF_K,
  splitWords,
  textAt,
  timeAt,
} from '@vectron/ranking'
import { bestByScore, type RankJob, type Strategy, shown } from './strategy.ts'

type Source =
  | { readonly by: 'score' }
  | { readonly by: 'words'; readonly fields: readonly string[] }
  | { readonly by: 'field'; readonly field: string; readonly descending: boolean }

interface Ranking {
  /** In reasons. */
  readonly name: string
  readonly source: Source
  readonly weight: number
}

interface Values {
  readonly ranking: Ranking
  /** By place; higher is better. */
  readonly scores: ReadonlyMap<number, number>
  /** Places, best first. */
  readonly order: readonly number[]
}

const RANKINGS_COUNT = { min: 1, max: 20 }
const FIELDS_COUNT = { min: 1, max: 20 }
const WEIGHT = { min: 0, max: 1000 }
const K = { min: 0, max: 10_000 }

export const FUSION: Strategy = {
  name: 'fusion',
  version: '1',
  description: 'Several rankings made one, by ranks (RRF) or by normalised scores.',
  wantsPayload: true,
  wantsVector: false,
  isCostly: false,
  problem: () => '',
  prepare(parameters) {
    const method = parameters.choice('method', ['ranks', 'scores'], 'ranks')
    const k = parameters.number('k', K, RRF_K)
    const rankings = parameters.list('rankings', RANKINGS_COUNT, parseRanking)
    parameters.end()
    return {
      version: '1',
      async rank(job) {
        const lists: Values[] = []
        for (const ranking of rankings) lists.push(await valuesOf(ranking, job))
        const fused =
          method === 'ranks'
            ? fuseRanks(
                lists.map(({ ranking, order }) => ({ keys: order, weight: ranking.weight })),
                { k },
              )
            : fuseScores(lists.map(({ ranking, scores }) => ({ scores, weight: ranking.weight })))
        const scores = job.candidates.map((_, place) => fused.get(place) ?? 0)
        const ranks = lists.map(({ order }) => new Map(order.map((place, at) => [place, at + 1])))
        const reasonOf = (place: number) =>
          lists
            .map(({ ranking }, at) => {
              const rank = ranks[at]?.get(place)
              return rank === undefined
                ? `not by ${ranking.name}`
                : `rank ${rank} by ${ranking.name}`
            })
            .join(', ')
        const order = orderByScore(scores)
        return bestByScore(job, scores, order, (place) => {
          return `${shown(scores[place] ?? 0)}: ${reasonOf(place)}`
        })
      },
    }
  },
}

function parseRanking(value: unknown, path: string): Ranking {
  const reader = new JsonReader(value, path)
  const ranking = { ...readSource(reader), weight: reader.number('weight', WEIGHT, 1) }
  reader.end()
  return ranking
}

function readSource(reader: JsonReader): Pick<Ranking, 'name' | 'source'> {
  const by = reader.choice('by', ['score', 'words', 'field'])
  switch (by) {
    case 'score':
      return { name: by, source: { by } }
    case 'words': {
      const fields = reader.strings('fields', FIELDS_COUNT)
      return { name: `words(${fields.join(', ')})`, source: { by, fields } }
    }
    case 'field': {
      const field = reader.string('field')
      const order = reader.choice('order', ['descending', 'ascending'], 'descending')
      return { name: field, source: { by, field, descending: order === 'descending' } }
    }
  }
}

/** The ranking's scores on [0, 1], and the order that they give. */
async function valuesOf(ranking: Ranking, job: RankJob): Promise<Values> {
  const places: number[] = []
  const raw: number[] = []
  const words = splitWords(job.queryText)
  for (const [place, candidate] of job.candidates.entries()) {
    const value = readValue(ranking.source, candidate, words)
    if (value !== undefined) {
      places.push(place)
      raw.push(value)
    }
    await job.breathe()
  }
  const normalised = normaliseScores(raw, isHigherBetter(ranking.source, job))
  return {
    ranking,
    scores: new Map(places.map((place, at) => [place, normalised[at] ?? 0])),
    order: orderByScore(normalised).map((at) => places[at] ?? 0),
  }
}

function isHigherBetter(source: Source, { higherIsBetter }: RankJob): boolean {
  switch (source.by) {
    case 'score':
      return higherIsBetter
    case 'words':
      return true
    case 'field':
      return source.descending
  }
}

function readValue(
  source: Source,
  { score, payload }: RankJob['candidates'][number],
  words: readonly string[],
): number | undefined {
  switch (source.by) {
    case 'score':
      return score
    case 'words':
      return coverageOfWords(words, splitWords(textAt(payload, source.fields))) || undefined
    case 'field':
      return numberAt(payload, source.field) ?? timeAt(payload, source.field)
  }
}
