/** The vector of a sentence, from the rows of its words. */
import type { EmbeddingModel } from './model-file.ts'
import { removeDirection } from './sif.ts'

/** Shorter than this, what is left after the common direction is taken away is rounding noise. */
const LENGTH_MIN = 1e-6

/** Sum of the words' vectors, each times its SIF weight. */
export function sumRows(model: EmbeddingModel, rows: readonly number[]): Float32Array {
  const { dimension, codes, factors } = model
  const sum = new Float32Array(dimension)
  for (const row of rows) {
    const factor = factors[row]!
    const start = row * dimension
    for (let index = 0; index < dimension; index += 1) {
      sum[index]! += factor * codes[start + index]!
    }
  }
  return sum
}

/** Unit vector of a sentence; undefined when nothing of it is left but the common direction. */
export function sentenceVector(
  model: EmbeddingModel,
  rows: readonly number[],
): Float32Array | undefined {
  const vector = sumRows(model, rows)
  removeDirection(vector, model.commonDirection)
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))
  if (length < LENGTH_MIN) return undefined
  return vector.map((value) => value / length)
}
