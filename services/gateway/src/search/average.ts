/**
 * What lies between examples: the mean of the positive ones, and as far again from the mean of the
 * negative ones as those two are apart (Rocchio's feedback, with weights of 2 and 1).
 */

import { f32FromBytes, f32ToBytes, VectronError } from '@vectron/base'
import { vectron } from '@vectron/contracts'

export interface Averaged {
  /** At least one, each little-endian f32. */
  readonly positive: readonly Uint8Array[]
  readonly negative: readonly Uint8Array[]
  readonly metric: vectron.Metric
  /** Path of the examples, for errors. */
  readonly field: string
}

/**
 * Little-endian f32. By cosine only directions count: each example is brought to length 1 before.
 *
 * @throws VectronError ZERO_VECTOR, NOT_FINITE where the examples leave nothing to search for
 */
export function averageOf({ positive, negative, metric, field }: Averaged): Uint8Array {
  const wanted = meanOf(positive, metric)
  const unwanted = negative.length === 0 ? wanted : meanOf(negative, metric)
  const vector = Float32Array.from(wanted, (value, i) => 2 * value - (unwanted[i] ?? 0))
  if (!vector.every(Number.isFinite)) {
    const message = `The examples of ${field} are too large: their mean is beyond what f32 holds.`
    throw new VectronError('NOT_FINITE', message, { field })
  }
  if (metric === vectron.Metric.COSINE && vector.every((value) => value === 0)) {
    const message = `The examples of ${field} cancel each other out: nothing is left to look for.`
    throw new VectronError('ZERO_VECTOR', message, { field })
  }
  return f32ToBytes(vector)
}

function meanOf(vectors: readonly Uint8Array[], metric: vectron.Metric): Float64Array {
  const [first] = vectors
  const mean = new Float64Array((first?.length ?? 0) / 4)
  for (const bytes of vectors) {
    const vector = f32FromBytes(bytes)
    const length = metric === vectron.Metric.COSINE ? Math.hypot(...vector) : 1
    vector.forEach((value, i) => {
      mean[i] = (mean[i] ?? 0) + value / length / vectors.length
    })
  }
  return mean
}
