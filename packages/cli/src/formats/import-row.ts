/** One row of an import file: a point, or what is wrong with it. */
import type { PointInput } from '@vectron/client'

export type ImportPoint = PointInput<Record<string, unknown>>

/** `row` counts from 1, as editors count lines. */
export type ImportRow =
  | { readonly kind: 'point'; readonly row: number; readonly point: ImportPoint }
  | { readonly kind: 'problem'; readonly row: number; readonly problem: string }

/** A file of points, read from any row on. */
export interface ImportFile {
  /** Rows in the file; undefined when that is known only at its end. */
  readonly rows: number | undefined
  readonly bytes: number
  /** Components of each vector, where the format tells. */
  readonly dimension: number | undefined
  /** Rows after the first `skip`, in order. */
  read(skip: number): AsyncGenerator<ImportRow>
}
