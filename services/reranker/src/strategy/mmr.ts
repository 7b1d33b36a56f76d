/**
 * mmr: results that are near the query and unlike each other (maximal marginal relevance).
 *
 * `{"lambda": 0.7}`: 1 ranks by the original score alone, 0 by unlikeness alone. Relevance is the
 * original score by the range of the candidates' scores; likeness the cosine of two candidates.
 */
import { cosineSimilarity, normaliseScores, selectDiverse } from '@vectron/ranking'
import { type RankedCandidate, type Strategy, shown } from './strategy.ts'

const LAMBDA = { min: 0, max: 1 }
const LAMBDA_DEFAULT = 0.7
const EMPTY = new Float32Array()

export const MMR: Strategy = {
  name: 'mmr',
  version: '1',
  description: 'Results near the query and unlike each other (maximal marginal relevance).',
  wantsPayload: false,
  wantsVector: true,
  isCostly: false,
  problem: () => '',
  prepare(parameters) {
    const lambda = parameters.number('lambda', LAMBDA, LAMBDA_DEFAULT)
    parameters.end()
    return {
      version: '1',
      async rank({ candidates, higherIsBetter, topK, breathe }) {
        const scores = candidates.map(({ score }) => score)
        const relevance = normaliseScores(scores, higherIsBetter)
        const vectorOf = (place: number) => candidates[place]?.vector ?? EMPTY
        const chosen = selectDiverse({
          relevance,
          similarity: (a, b) => cosineSimilarity(vectorOf(a), vectorOf(b)),
          lambda,
          count: topK,
        })
        const ranked: RankedCandidate[] = []
        for (const { place, score, nearest } of chosen) {
          const near = ranked.length === 0 ? '' : `, ${shown(nearest)} like the nearest above`
          const reason = `relevance ${shown(relevance[place] ?? 0)}${near}`
          ranked.push({ place, score, reason })
          await breathe()
        }
        return ranked
      },
    }
  },
}
