/** Scores of any scale on one scale, and the order that scores give. */

/**
 * Each score on [0, 1], 1 for the best, by the range of the list. Where all are equal each is 1:
 * none is worse than the best.
 *
 * @param higherIsBetter false for distances
 */
export function normaliseScores(scores: readonly number[], higherIsBetter: boolean): number[] {
  let low = Infinity
  let high = -Infinity
  for (const score of scores) {
    low = Math.min(low, score)
    high = Math.max(high, score)
  }
  const range = high - low
  if (!(range > 0)) return scores.map(() => 1)
  return scores.map((score) => (higherIsBetter ? score - low : high - score) / range)
}

/** Places of the list, the highest score first; of equal ones the earlier place comes first. */
export function orderByScore(scores: readonly number[]): number[] {
  const places = scores.map((_, place) => place)
  return places.sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || a - b)
}
