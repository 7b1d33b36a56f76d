/**
 * Fusion: several rankings of the same things made one.
 *
 * By ranks (reciprocal rank fusion; Cormack, Clarke and Büttcher, SIGIR 2009), which asks nothing
 * of the scores; or by scores that were brought to one scale, which keeps how far apart they are.
 */

/** The constant of the paper: how much the first places are flattened. */
export const RRF_K = 60

export interface WeightedRanking<K> {
  /** Best first; nothing twice. */
  readonly keys: readonly K[]
  /** Default: 1. */
  readonly weight?: number
}

export interface FuseOptions {
  /** Default: RRF_K. */
  readonly k?: number
}

/**
 * Reciprocal rank fusion: the sum of weight / (k + rank) over the rankings that have the key, ranks
 * from 1. In the order in which keys are first met; sort by the value.
 */
export function fuseRanks<K>(
  rankings: readonly WeightedRanking<K>[],
  { k = RRF_K }: FuseOptions = {},
): Map<K, number> {
  const fused = new Map<K, number>()
  for (const { keys, weight = 1 } of rankings) {
    keys.forEach((key, place) => {
      fused.set(key, (fused.get(key) ?? 0) + weight / (k + place + 1))
    })
  }
  return fused
}

/**
 * The weighted sum of scores that lie on one scale (normaliseScores). A list that does not have the
 * key adds nothing, as its worst place would.
 */
export function fuseScores<K>(
  lists: readonly { readonly scores: ReadonlyMap<K, number>; readonly weight?: number }[],
): Map<K, number> {
  const fused = new Map<K, number>()
  for (const { scores, weight = 1 } of lists) {
    for (const [key, score] of scores) fused.set(key, (fused.get(key) ?? 0) + weight * score)
  }
  return fused
}
