/**
 * The exact answers: every query against every vector, once, kept in the cache.
 *
 * Scores are inner products of normalised f32 rows, summed in f64: the order is that of the cosine.
 */
import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bytesOf, readFloats, readRowNumbers } from './float-file.ts'
import type { WordSet } from './words.ts'

export const TRUTH_K = 10

/** For each query its `TRUTH_K` nearest rows, nearest first. */
export function exactAnswers(set: WordSet, note: (line: string) => void): Uint32Array {
  const file = join(set.folder, `truth-${TRUTH_K}.u32`)
  if (!existsSync(file)) {
    note(`computing the exact answers of ${set.queries} queries over ${set.rows} vectors`)
    writeFileSync(`${file}.partial`, bytesOf(compute(set)))
    renameSync(`${file}.partial`, file)
  }
  return readRowNumbers(file)
}

function compute(set: WordSet): Uint32Array {
  const vectors = readFloats(set.vectorsFile).values
  const queries = readFloats(set.queriesFile).values
  const answers = new Uint32Array(set.queries * TRUTH_K)
  for (let q = 0; q < set.queries; q++) {
    const query = Float64Array.from(queries.subarray(q * set.dimension, (q + 1) * set.dimension))
    answers.set(nearest(vectors, query), q * TRUTH_K)
  }
  return answers
}

function nearest(vectors: Float32Array, query: Float64Array): Uint32Array {
  const dimension = query.length
  const best = new Float64Array(TRUTH_K).fill(Number.NEGATIVE_INFINITY)
  const rows = new Uint32Array(TRUTH_K)
  let worst = Number.NEGATIVE_INFINITY
  for (let row = 0, at = 0; at < vectors.length; row++, at += dimension) {
    const score = innerProduct(vectors, at, query)
    if (score <= worst) continue
    let place = TRUTH_K - 1
    while (place > 0 && best[place - 1]! < score) {
      best[place] = best[place - 1]!
      rows[place] = rows[place - 1]!
      place--
    }
    best[place] = score
    rows[place] = row
    worst = best[TRUTH_K - 1]!
  }
  return rows
}

/** Four sums at a time, so that the additions need not wait for one another. */
function innerProduct(vectors: Float32Array, start: number, query: Float64Array): number {
  let [a, b, c, d] = [0, 0, 0, 0]
  const whole = query.length & ~3
  for (let i = 0; i < whole; i += 4) {
    a += vectors[start + i]! * query[i]!
    b += vectors[start + i + 1]! * query[i + 1]!
    c += vectors[start + i + 2]! * query[i + 2]!
    d += vectors[start + i + 3]! * query[i + 3]!
  }
  for (let i = whole; i < query.length; i++) a += vectors[start + i]! * query[i]!
  return a + b + c + d
}

/** Share of the exact nearest `TRUTH_K` that the answers hold, over all queries. */
export function recallOf(answers: Uint32Array, truth: Uint32Array): number {
  let found = 0
  for (let start = 0; start < truth.length; start += TRUTH_K) {
    const expected = new Set(truth.subarray(start, start + TRUTH_K))
    for (const row of answers.subarray(start, start + TRUTH_K)) if (expected.has(row)) found++
  }
  return found / truth.length
}
