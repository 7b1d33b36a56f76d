/**
 * Normalised discounted cumulative gain (Järvelin and Kekäläinen 2002) with the gain 2^grade - 1
 * and the discount log2(rank + 1), as Burges et al. (2005) have it.
 */

/**
 * 1 for the best possible order, 0 when nothing relevant is among the first `k`.
 *
 * @param grades of the results in their order, 0 for one that was not judged
 * @param known all grades of the query, those of points that were not found included; undefined
 *   when no grade is above 0: such a query measures nothing
 */
export function ndcgAt(
  k: number,
  grades: readonly number[],
  known: readonly number[] = grades,
): number | undefined {
  const ideal = gainAt(
    k,
    [...known].sort((a, b) => b - a),
  )
  return ideal === 0 ? undefined : gainAt(k, grades) / ideal
}

function gainAt(k: number, grades: readonly number[]): number {
  return grades
    .slice(0, k)
    .reduce((sum, grade, place) => sum + (2 ** grade - 1) / Math.log2(place + 2), 0)
}
