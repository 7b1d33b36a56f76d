/**
 * Maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998): the next result is the one of
 * the greatest lambda * relevance - (1 - lambda) * similarity to the most similar one above it. To
 * be more unlike than 0 is no merit, so that the values never rise.
 */

export interface DiverseOptions {
  /** Of each candidate, on the scale of `similarity`. */
  readonly relevance: readonly number[]
  /** Of two candidates by their places. */
  readonly similarity: (a: number, b: number) => number
  /** 1: by relevance alone; 0: as unlike as can be. */
  readonly lambda: number
  /** How many to choose. */
  readonly count: number
}

export interface Chosen {
  readonly place: number
  /** What it was chosen for: its marginal relevance. */
  readonly score: number
  /** To the most similar one chosen before it; 0 for the first. */
  readonly nearest: number
}

/**
 * Places in the order of choice, one after the other, so that a caller may pause between them.
 * Costs `count` similarities for each candidate: how near the nearest chosen one is to each is
 * kept, so that each new choice is compared once.
 */
export function* selectDiverse(options: DiverseOptions): Generator<Chosen> {
  const { relevance, similarity, lambda, count } = options
  const nearest = new Float64Array(relevance.length)
  const left = new Set(relevance.keys())
  for (let chosen = 0; chosen < count && left.size > 0; chosen++) {
    let best: Chosen | undefined
    for (const place of left) {
      const near = nearest[place] ?? 0
      const score = lambda * (relevance[place] ?? 0) - (1 - lambda) * near
      if (best === undefined || score > best.score) best = { place, score, nearest: near }
    }
    if (best === undefined) return
    left.delete(best.place)
    yield best
    for (const place of left) {
      nearest[place] = Math.max(nearest[place] ?? 0, similarity(place, best.place))
    }
  }
}

/** Cosine of two vectors of one dimension; 0 where one has no direction. */
export function cosineSimilarity(a: Float32Array, b: Float32Array): number {
  let dot = 0
  let ofA = 0
  let ofB = 0
  for (let i = 0; i < a.length; i++) {
    const x = a[i] ?? 0
    const y = b[i] ?? 0
    dot += x * y
    ofA += x * x
    ofB += y * y
  }
  const norm = Math.sqrt(ofA * ofB)
  return norm === 0 ? 0 : dot / norm
}
