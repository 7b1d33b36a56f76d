/**
 * Principal axes of many vectors, by subspace iteration: a few passes over the rows, no matrix of
 * dimension x dimension (Halko, Martinsson, Tropp 2011, "Finding structure with randomness").
 *
 * Rows beyond the budget are left out evenly for the axes; whoever projects takes all of them.
 */

export interface Rows {
  /** Row by row. */
  readonly values: Float32Array
  readonly count: number
  readonly dimension: number
}

export interface PrincipalAxes {
  readonly mean: Float64Array
  /** Axis by axis, each of `dimension` numbers and of length 1, the widest first. */
  readonly axes: Float64Array
  readonly count: number
  /** Of all variance, the share along each axis. */
  readonly shares: readonly number[]
}

/** More axes than asked for make the asked ones exact sooner. */
const SPARE_AXES = 6
const PASSES = 8
/** Multiplications for all passes: about a second. */
const BUDGET = 2.5e9

/** @param random 0 to 1; the start is random, the result hardly depends on it */
export function principalAxes(rows: Rows, wanted: number, random: () => number): PrincipalAxes {
  const { dimension } = rows
  const width = Math.min(dimension, wanted + SPARE_AXES)
  const affordable = Math.floor(BUDGET / (2 * PASSES * dimension * width))
  const step = Math.max(1, Math.ceil(rows.count / Math.max(affordable, 1)))
  const mean = meanOf(rows, step)
  let basis = Float64Array.from({ length: dimension * width }, () => random() - 0.5)
  orthonormalize(basis, dimension, width)
  for (let pass = 0; pass < PASSES; pass += 1) {
    basis = timesCovariance(rows, { mean, basis, width, step })
    orthonormalize(basis, dimension, width)
  }
  // Within the subspace the covariance is a small matrix, which is solved exactly.
  const image = timesCovariance(rows, { mean, basis, width, step })
  const { values, vectors } = eigenOf(project(basis, image, dimension, width), width)
  const count = Math.min(wanted, width)
  const total = varianceOf(rows, mean, step)
  return {
    mean,
    axes: rotate(basis, { vectors, dimension, width, count }),
    count,
    shares: values.slice(0, count).map((value) => (total === 0 ? 0 : Math.max(0, value) / total)),
  }
}

/** Where rows lie along the axes, row by row. */
export function alongAxes(rows: Rows, { mean, axes, count }: PrincipalAxes): Float32Array {
  const { values, dimension } = rows
  const shift = Array.from({ length: count }, (_, axis) => dot(axes, axis * dimension, mean))
  const places = new Float32Array(rows.count * count)
  for (let row = 0; row < rows.count; row += 1) {
    const from = row * dimension
    for (let axis = 0; axis < count; axis += 1) {
      const at = axis * dimension
      let sum = 0
      for (let d = 0; d < dimension; d += 1)
        sum += (values[from + d] as number) * (axes[at + d] as number)
      places[row * count + axis] = sum - (shift[axis] as number)
    }
  }
  return places
}

function dot(axes: Float64Array, at: number, mean: Float64Array): number {
  let sum = 0
  for (let d = 0; d < mean.length; d += 1) sum += (axes[at + d] as number) * (mean[d] as number)
  return sum
}

function meanOf({ values, count, dimension }: Rows, step: number): Float64Array {
  const mean = new Float64Array(dimension)
  let taken = 0
  for (let row = 0; row < count; row += step) {
    for (let d = 0; d < dimension; d += 1) {
      mean[d] = (mean[d] as number) + (values[row * dimension + d] as number)
    }
    taken += 1
  }
  return mean.map((sum) => sum / Math.max(1, taken))
}

function varianceOf({ values, count, dimension }: Rows, mean: Float64Array, step: number): number {
  let sum = 0
  let taken = 0
  for (let row = 0; row < count; row += step) {
    for (let d = 0; d < dimension; d += 1) {
      sum += ((values[row * dimension + d] as number) - (mean[d] as number)) ** 2
    }
    taken += 1
  }
  return sum / Math.max(1, taken)
}

interface Times {
  readonly mean: Float64Array
  /** `dimension` rows of `width` numbers. */
  readonly basis: Float64Array
  readonly width: number
  readonly step: number
}

/** Covariance x basis, without the covariance. */
function timesCovariance(rows: Rows, { mean, basis, width, step }: Times) {
  const { values, count, dimension } = rows
  const image = new Float64Array(dimension * width)
  const along = new Float64Array(width)
  const row = new Float64Array(dimension)
  let taken = 0
  for (let index = 0; index < count; index += step) {
    const from = index * dimension
    along.fill(0)
    for (let d = 0; d < dimension; d += 1) {
      const value = (values[from + d] as number) - (mean[d] as number)
      row[d] = value
      const at = d * width
      for (let axis = 0; axis < width; axis += 1) {
        along[axis] = (along[axis] as number) + value * (basis[at + axis] as number)
      }
    }
    for (let d = 0; d < dimension; d += 1) {
      const value = row[d] as number
      const at = d * width
      for (let axis = 0; axis < width; axis += 1) {
        image[at + axis] = (image[at + axis] as number) + value * (along[axis] as number)
      }
    }
    taken += 1
  }
  return image.map((sum) => sum / Math.max(1, taken))
}

/** Gram-Schmidt, twice for accuracy; what vanishes becomes zero. */
function orthonormalize(basis: Float64Array, dimension: number, width: number): void {
  for (let axis = 0; axis < width; axis += 1) {
    for (let turn = 0; turn < 2; turn += 1) {
      for (let before = 0; before < axis; before += 1) {
        let along = 0
        for (let d = 0; d < dimension; d += 1) {
          along += (basis[d * width + axis] as number) * (basis[d * width + before] as number)
        }
        for (let d = 0; d < dimension; d += 1) {
          const at = d * width + axis
          basis[at] = (basis[at] as number) - along * (basis[d * width + before] as number)
        }
      }
    }
    let square = 0
    for (let d = 0; d < dimension; d += 1) square += (basis[d * width + axis] as number) ** 2
    const scale = square < 1e-24 ? 0 : 1 / Math.sqrt(square)
    for (let d = 0; d < dimension; d += 1) {
      basis[d * width + axis] = (basis[d * width + axis] as number) * scale
    }
  }
}

/** basis^T x image: `width` x `width`. */
function project(
  basis: Float64Array,
  image: Float64Array,
  dimension: number,
  width: number,
): Float64Array {
  const small = new Float64Array(width * width)
  for (let d = 0; d < dimension; d += 1) {
    for (let i = 0; i < width; i += 1) {
      for (let j = 0; j < width; j += 1) {
        const at = i * width + j
        small[at] =
          (small[at] as number) +
          (basis[d * width + i] as number) * (image[d * width + j] as number)
      }
    }
  }
  return small
}

interface Eigen {
  /** Largest first. */
  readonly values: number[]
  /** In the same order. */
  readonly vectors: number[][]
}

/** Of a symmetric matrix, by Jacobi's rotations. */
function eigenOf(matrix: Float64Array, size: number): Eigen {
  const a = Array.from({ length: size }, (_, i) => [...matrix.subarray(i * size, (i + 1) * size)])
  const v = a.map((_, i) => a.map((__, j) => (i === j ? 1 : 0)))
  const get = (m: number[][], i: number, j: number) => (m[i] as number[])[j] as number
  const set = (m: number[][], i: number, j: number, value: number) => {
    ;(m[i] as number[])[j] = value
  }
  for (let sweep = 0; sweep < 30; sweep += 1) {
    for (let p = 0; p < size; p += 1) {
      for (let q = p + 1; q < size; q += 1) {
        if (Math.abs(get(a, p, q)) < 1e-14) continue
        const theta = (get(a, q, q) - get(a, p, p)) / (2 * get(a, p, q))
        const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.hypot(theta, 1))
        const c = 1 / Math.hypot(t, 1)
        const s = t * c
        for (let k = 0; k < size; k += 1) {
          const [kp, kq] = [get(a, k, p), get(a, k, q)]
          set(a, k, p, c * kp - s * kq)
          set(a, k, q, s * kp + c * kq)
        }
        for (let k = 0; k < size; k += 1) {
          const [pk, qk] = [get(a, p, k), get(a, q, k)]
          set(a, p, k, c * pk - s * qk)
          set(a, q, k, s * pk + c * qk)
          const [vp, vq] = [get(v, k, p), get(v, k, q)]
          set(v, k, p, c * vp - s * vq)
          set(v, k, q, s * vp + c * vq)
        }
      }
    }
  }
  const order = a.map((_, i) => i).sort((i, j) => get(a, j, j) - get(a, i, i))
  return {
    values: order.map((i) => get(a, i, i)),
    vectors: order.map((i) => v.map((_, k) => get(v, k, i))),
  }
}

interface Rotation {
  readonly vectors: readonly (readonly number[])[]
  readonly dimension: number
  readonly width: number
  readonly count: number
}

function rotate(basis: Float64Array, { vectors, dimension, width, count }: Rotation): Float64Array {
  const axes = new Float64Array(count * dimension)
  for (let axis = 0; axis < count; axis += 1) {
    for (let d = 0; d < dimension; d += 1) {
      let sum = 0
      for (let k = 0; k < width; k += 1) {
        sum += (basis[d * width + k] as number) * ((vectors[axis] as number[])[k] as number)
      }
      axes[axis * dimension + d] = sum
    }
  }
  return axes
}
