/**
 * UMAP of up to 100,000 rows: fitted to an even sample by umap-js, the others placed between those
 * of the sample that are nearest to them.
 *
 * Fitting them all would take minutes in a browser; the shape is the sample's either way.
 */
import { UMAP } from 'umap-js'
import { NearCells } from './near-cells.ts'
import type { Rows } from './pca.ts'

export interface UmapLayout {
  /** x and y of each row. */
  readonly positions: Float32Array
  /** Rows that the shape was fitted to. */
  readonly fitted: number
  /** Where further rows belong. */
  readonly place: (values: Float32Array) => readonly [number, number]
}

export interface UmapOptions {
  readonly random: () => number
  /** Told now and then, with the share that is done; awaited, so that others get a turn. */
  readonly onProgress: (share: number) => Promise<void>
  /** Rows to fit. Default 4,000. */
  readonly sample?: number
}

const SAMPLE_DEFAULT = 4000
const NEIGHBOURS = 15
/** Of the sample, between which another row is placed. */
const ANCHORS = 5
/** Epochs, or rows, between two turns for others. */
const EPOCHS_AT_ONCE = 5
const ROWS_AT_ONCE = 2000
/** Shares of the whole, by the time that they take. */
const FIT_SHARE = 0.7

export async function layOutByUmap(rows: Rows, options: UmapOptions): Promise<UmapLayout> {
  const { random, onProgress, sample = SAMPLE_DEFAULT } = options
  const chosen = evenly(rows.count, Math.min(sample, rows.count))
  const fitted = pick(rows, chosen)
  const cells = new NearCells(fitted)
  const shape = await fitSample(fitted, cells, { random, onProgress })
  const place = (values: Float32Array, from = 0) => between(shape, cells, values, from)
  const positions = new Float32Array(2 * rows.count)
  for (let row = 0; row < rows.count; row += 1) {
    positions.set(place(rows.values, row * rows.dimension), 2 * row)
    if (row % ROWS_AT_ONCE === 0) {
      await onProgress(FIT_SHARE + ((1 - FIT_SHARE) * row) / rows.count)
    }
  }
  // Rows of the sample lie where they were fitted.
  for (const [at, row] of chosen.entries())
    positions.set(shape.subarray(2 * at, 2 * at + 2), 2 * row)
  return { positions, fitted: chosen.length, place }
}

async function fitSample(
  rows: Rows,
  cells: NearCells,
  { random, onProgress }: Pick<UmapOptions, 'random' | 'onProgress'>,
): Promise<Float32Array> {
  const neighbours = Math.min(NEIGHBOURS, rows.count)
  const umap = new UMAP({ nComponents: 2, nNeighbors: neighbours, minDist: 0.1, random })
  const near = Array.from({ length: rows.count }, (_, row) =>
    cells.nearest(rows.values, row * rows.dimension, neighbours),
  )
  umap.setPrecomputedKNN(
    near.map((one) => filled(one.rows, neighbours)),
    near.map((one) => filled(one.distances, neighbours)),
  )
  const data = Array.from({ length: rows.count }, (_, row) => [
    ...rows.values.subarray(row * rows.dimension, (row + 1) * rows.dimension),
  ])
  await onProgress(0.05)
  const epochs = umap.initializeFit(data)
  for (let epoch = 1; epoch <= epochs; epoch += 1) {
    umap.step()
    if (epoch % EPOCHS_AT_ONCE === 0) await onProgress(0.05 + ((FIT_SHARE - 0.05) * epoch) / epochs)
  }
  return Float32Array.from(umap.getEmbedding().flat())
}

/** Cells may hold too few: the last one stands for those that lack. */
function filled(values: readonly number[], count: number): number[] {
  return Array.from({ length: count }, (_, at) => values[Math.min(at, values.length - 1)] ?? 0)
}

/** The mean of the nearest of the sample, nearer ones counting more. */
function between(
  shape: Float32Array,
  cells: NearCells,
  values: Float32Array,
  from: number,
): readonly [number, number] {
  const { rows, distances } = cells.nearest(values, from, ANCHORS)
  let [x, y, weights] = [0, 0, 0]
  for (const [at, row] of rows.entries()) {
    const weight = 1 / ((distances[at] ?? 0) ** 2 + 1e-6)
    x += weight * (shape[2 * row] ?? 0)
    y += weight * (shape[2 * row + 1] ?? 0)
    weights += weight
  }
  return [x / weights, y / weights]
}

function evenly(count: number, wanted: number): number[] {
  return Array.from({ length: wanted }, (_, at) => Math.floor((at * count) / wanted))
}

function pick({ values, dimension }: Rows, chosen: readonly number[]): Rows {
  const picked = new Float32Array(chosen.length * dimension)
  for (const [at, row] of chosen.entries()) {
    picked.set(values.subarray(row * dimension, (row + 1) * dimension), at * dimension)
  }
  return { values: picked, count: chosen.length, dimension }
}
