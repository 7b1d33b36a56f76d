/**
 * The points of a map as its worker keeps them: vectors in one block of floats, payloads by point.
 * Pure: what is said of them, and where they lie.
 */
import { decodeVector } from '@vectron/client'
import { valueAt } from '../../kit/payload-path.ts'
import { type Coloring, colorBy } from './coloring.ts'
import type { Method, Projection } from './map-messages.ts'
import { alongAxes, type PrincipalAxes, principalAxes, type Rows } from './pca.ts'
import { layOutByUmap } from './umap-layout.ts'

interface WirePage {
  readonly points: readonly {
    readonly id: string
    readonly vector: string | readonly number[]
    readonly payload?: Readonly<Record<string, unknown>>
  }[]
  readonly nextPageToken: string
}

export interface MapPointsOptions {
  readonly dimension: number
  readonly capacity: number
  readonly isCosine: boolean
}

/** UMAP works on so many principal components: the rest is mostly noise, and takes time. */
const COMPONENTS = 24

export class MapPoints {
  readonly #dimension: number
  readonly #isCosine: boolean
  readonly #values: Float32Array
  readonly #payloads: Readonly<Record<string, unknown>>[] = []
  #place: ((vector: Float32Array) => readonly [number, number]) | undefined

  constructor({ dimension, capacity, isCosine }: MapPointsOptions) {
    this.#dimension = dimension
    this.#isCosine = isCosine
    this.#values = new Float32Array(dimension * capacity)
  }

  get count(): number {
    return this.#payloads.length
  }

  get #rows(): Rows {
    const { length: count } = this.#payloads
    const dimension = this.#dimension
    return { values: this.#values.subarray(0, count * dimension), count, dimension }
  }

  /** Takes what there is room for. @param page the JSON of a scroll */
  take(page: ArrayBuffer): { readonly ids: readonly string[]; readonly nextPageToken: string } {
    const { points, nextPageToken }: WirePage = JSON.parse(new TextDecoder().decode(page))
    const room = this.#values.length / this.#dimension - this.count
    const taken = points.slice(0, room)
    for (const { vector, payload = {} } of taken) {
      this.#values.set(this.#prepared(decodeVector(vector)), this.count * this.#dimension)
      this.#payloads.push(payload)
    }
    return { ids: taken.map(({ id }) => id), nextPageToken }
  }

  payloadOf(point: number): Readonly<Record<string, unknown>> {
    return this.#payloads[point] ?? {}
  }

  colorBy(field: string): Coloring {
    return colorBy(this.#payloads.map((payload) => valueAt(payload, field)))
  }

  /** Where a vector lies in the last projection. @throws Error before the first */
  place(vector: Float32Array): readonly [number, number] {
    if (this.#place === undefined) throw new Error('There is no projection yet.')
    return this.#place(this.#prepared(vector))
  }

  async project(
    method: Method,
    onProgress: (share: number) => Promise<void>,
    random: () => number,
  ): Promise<Projection> {
    const rows = this.#rows
    const wanted = method === 'pca' ? 2 : Math.min(COMPONENTS, this.#dimension)
    const axes = principalAxes(rows, wanted, random)
    const along = alongAxes(rows, axes)
    if (method === 'pca') {
      this.#place = (vector) => flatten(alongAxes(this.#one(vector), axes))
      const positions = axes.count === 2 ? along : withZeros(along)
      return { method, positions, about: aboutPca(axes) }
    }
    await onProgress(0.02)
    const reduced = { values: along, count: rows.count, dimension: axes.count }
    const layout = await layOutByUmap(reduced, { random, onProgress })
    this.#place = (vector) => layout.place(alongAxes(this.#one(vector), axes))
    return { method, positions: layout.positions, about: aboutUmap(rows, axes, layout.fitted) }
  }

  #one(vector: Float32Array): Rows {
    return { values: vector, count: 1, dimension: this.#dimension }
  }

  #prepared(vector: Float32Array): Float32Array {
    if (!this.#isCosine) return vector
    const length = Math.hypot(...vector)
    return length === 0 ? vector : vector.map((value) => value / length)
  }
}

function aboutPca({ shares }: PrincipalAxes): string {
  const percent = Math.round(100 * shares.reduce((sum, share) => sum + share, 0))
  return `The two principal components, which hold ${percent} % of the variance.`
}

function aboutUmap({ count, dimension }: Rows, axes: PrincipalAxes, fitted: number): string {
  const base = axes.count < dimension ? ` on the first ${axes.count} principal components` : ''
  if (fitted === count) return `UMAP of all points${base}.`
  const [some, all] = [fitted, count].map((one) => one.toLocaleString('en-US'))
  return `UMAP fitted to ${some} of the ${all} points${base}; the others lie between the 5 of them that are nearest.`
}

function flatten(along: Float32Array): readonly [number, number] {
  return [along[0] ?? 0, along[1] ?? 0]
}

/** Vectors of one dimension lie on a line. */
function withZeros(along: Float32Array): Float32Array {
  return Float32Array.from({ length: 2 * along.length }, (_, at) =>
    at % 2 === 0 ? (along[at / 2] ?? 0) : 0,
  )
}
