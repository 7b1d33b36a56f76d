/** What the page and its worker say to each other. The worker owns vectors and payloads. */
import type { Coloring } from './coloring.ts'

export type Method = 'pca' | 'umap'

/** Each is answered once, by its number; `project` tells its progress before. */
export type MapCall =
  | {
      readonly kind: 'begin'
      readonly dimension: number
      /** Points that there is room for. */
      readonly capacity: number
      /** By cosine only the direction of a vector counts. */
      readonly isCosine: boolean
    }
  /** A page of a scroll as it came; its bytes are handed over. */
  | { readonly kind: 'take'; readonly page: ArrayBuffer }
  | { readonly kind: 'project'; readonly method: Method }
  | { readonly kind: 'color'; readonly field: string }
  | { readonly kind: 'payload'; readonly point: number }
  /** Where a vector would lie. */
  | { readonly kind: 'place'; readonly vector: Float32Array }

export interface MapAnswers {
  readonly begin: undefined
  readonly take: { readonly ids: readonly string[]; readonly nextPageToken: string }
  readonly project: Projection
  readonly color: Coloring
  readonly payload: Readonly<Record<string, unknown>>
  readonly place: readonly [number, number]
}

export interface Projection {
  readonly method: Method
  /** x and y of each point. */
  readonly positions: Float32Array
  /** How it was made, for people. */
  readonly about: string
}

export type ToWorker =
  | { readonly number: number; readonly call: MapCall }
  /** Ends the projection that is under way. */
  | { readonly cancel: true }

export type FromWorker =
  | { readonly number: number; readonly answer: unknown }
  | { readonly number: number; readonly error: string }
  | { readonly number: number; readonly share: number }
