/**
 * Smooth inverse frequency: weights of words, and the direction common to all sentences.
 *
 * Source: Arora, Liang and Ma, "A Simple but Tough-to-Beat Baseline for Sentence Embeddings", 2017:
 * a sentence is the mean of its words' vectors weighted by a / (a + p(w)), less its projection on
 * the first principal component of such means over a corpus.
 */

/** The paper's `a`; it found 1e-3 to 1e-4 best. */
const SMOOTHING = 1e-3
/** Share of a word's probability that comes from its rank and not from the corpus. */
const RANK_SHARE = 0.5
/** Shifts the ranks, so that the most frequent words do not outweigh all (Zipf-Mandelbrot). */
const RANK_SHIFT = 3
/** Rounds of power iteration; the first component is far ahead of the second, so few are enough. */
const POWER_ROUNDS = 50

/**
 * SIF weight of each word of a vocabulary that is sorted by falling frequency.
 *
 * p(w) mixes the word's share of the corpus with Zipf's law on its rank: words that the corpus
 * happens to lack would otherwise all weigh the same, frequent or not.
 *
 * @param counts occurrences in the corpus, by rank
 */
export function sifWeights(counts: Float64Array): Float64Array {
  const corpusWords = counts.reduce((sum, count) => sum + count, 0)
  const rankMass = counts.reduce((sum, _, rank) => sum + 1 / (rank + RANK_SHIFT), 0)
  return counts.map((count, rank) => {
    const byRank = 1 / (rank + RANK_SHIFT) / rankMass
    const byCorpus = corpusWords === 0 ? byRank : count / corpusWords
    const probability = (1 - RANK_SHARE) * byCorpus + RANK_SHARE * byRank
    return SMOOTHING / (SMOOTHING + probability)
  })
}

/**
 * Sum of the outer products of vectors, from which the first principal component comes. The vectors
 * are not centred, as in the paper.
 */
export class SecondMoment {
  readonly #dimension: number
  readonly #sums: Float64Array

  constructor(dimension: number) {
    this.#dimension = dimension
    this.#sums = new Float64Array(dimension * dimension)
  }

  add(vector: Float32Array): void {
    for (let row = 0; row < this.#dimension; row += 1) {
      const factor = vector[row]!
      const start = row * this.#dimension
      for (let column = 0; column < this.#dimension; column += 1) {
        this.#sums[start + column]! += factor * vector[column]!
      }
    }
  }

  /** Unit vector along which the vectors are longest, by power iteration. */
  firstComponent(): Float32Array {
    let component = new Float64Array(this.#dimension).fill(1)
    for (let round = 0; round < POWER_ROUNDS; round += 1) {
      const next = this.#times(component)
      const length = Math.hypot(...next)
      component = next.map((value) => value / length)
    }
    return Float32Array.from(component)
  }

  #times(vector: Float64Array): Float64Array {
    return vector.map((_, row) => {
      const start = row * this.#dimension
      const products = vector.map((value, column) => value * this.#sums[start + column]!)
      return products.reduce((sum, product) => sum + product, 0)
    })
  }
}

/** Takes a vector's projection on a unit direction away from it, in place. */
export function removeDirection(vector: Float32Array, direction: Float32Array): void {
  const projection = vector.reduce((sum, value, index) => sum + value * direction[index]!, 0)
  for (let index = 0; index < vector.length; index += 1) {
    vector[index]! -= projection * direction[index]!
  }
}
