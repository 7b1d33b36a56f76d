/**
 * Builds the model from the GloVe vectors and the WordNet definitions, once for each machine.
 *
 * Two passes: the vectors are read and quantized; then the definitions give word counts, weights,
 * and the common direction. Holds some 60 MB, for only one row of the source is in memory at a
 * time.
 */
import { GLOVE_DIMENSION, readGloveRows } from './glove-json.ts'
import { findRows } from './look-up.ts'
import type { EmbeddingModel } from './model-file.ts'
import { sumRows } from './sentence.ts'
import { SecondMoment, sifWeights } from './sif.ts'
import { createWordTable } from './word-table.ts'
import { readDefinitions } from './wordnet.ts'

/** Rows that the arrays have room for at first; the source holds 341,479. */
const ROWS_INITIAL = 350_000
const CODE_MAX = 127

export interface BuildProgress {
  readonly bytesRead: number
  readonly bytesTotal: number
}

/** Builds the model. `onProgress` hears of the long part, the reading of the vectors. */
export async function buildModel(
  onProgress: (progress: BuildProgress) => void,
): Promise<EmbeddingModel> {
  const { words, codes, steps } = await quantizeRows(onProgress)
  const table = createWordTable(words)
  const sentences = readDefinitions().map(({ definition }) => findRows(table, definition))
  const weights = sifWeights(countRows(sentences, words.length))
  const factors = steps.map((step, row) => step * weights[row]!)
  const commonDirection = new Float32Array(GLOVE_DIMENSION)
  const model = { dimension: GLOVE_DIMENSION, table, factors, codes, commonDirection }
  commonDirection.set(findCommonDirection(model, sentences))
  return model
}

interface QuantizedRows {
  readonly words: string[]
  readonly codes: Int8Array
  /** By row: the value of code 1. */
  readonly steps: Float32Array
}

async function quantizeRows(onProgress: (p: BuildProgress) => void): Promise<QuantizedRows> {
  const words: string[] = []
  let codes = new Int8Array(ROWS_INITIAL * GLOVE_DIMENSION)
  let steps = new Float32Array(ROWS_INITIAL)
  const report = (bytesRead: number, bytesTotal: number) => onProgress({ bytesRead, bytesTotal })
  for await (const { word, vector } of readGloveRows(report)) {
    if (words.length === steps.length) {
      codes = grow(codes, new Int8Array(2 * codes.length))
      steps = grow(steps, new Float32Array(2 * steps.length))
    }
    const row = words.push(word) - 1
    const largest = vector.reduce((max, value) => Math.max(max, Math.abs(value)), 0)
    const step = largest === 0 ? 1 : largest / CODE_MAX
    steps[row] = step
    codes.set(
      vector.map((value) => Math.round(value / step)),
      row * GLOVE_DIMENSION,
    )
  }
  const count = words.length
  return { words, codes: codes.slice(0, count * GLOVE_DIMENSION), steps: steps.slice(0, count) }
}

function grow<T extends Int8Array | Float32Array>(from: T, to: T): T {
  to.set(from)
  return to
}

function countRows(sentences: readonly number[][], words: number): Float64Array {
  const counts = new Float64Array(words)
  for (const rows of sentences) {
    for (const row of rows) counts[row]! += 1
  }
  return counts
}

function findCommonDirection(model: EmbeddingModel, sentences: readonly number[][]): Float32Array {
  const moment = new SecondMoment(model.dimension)
  for (const rows of sentences) {
    if (rows.length === 0) continue
    const sum = sumRows(model, rows)
    moment.add(sum.map((value) => value / rows.length))
  }
  return moment.firstComponent()
}
