/**
 * What files are read into: records with their place in the file, so that reading can go on from
 * any of them. Offsets in bytes, rows counted from 1 as people count them, headings apart.
 */

export type FileFormat = 'csv' | 'jsonl' | 'npy' | 'fvecs'

/** A value of a column: text in CSV, any JSON in JSONL, a vector in npy and fvecs. */
export type Cell = unknown

export type FileRecord =
  | {
      readonly kind: 'row'
      readonly row: number
      /** Where the next record begins. */
      readonly end: number
      readonly cells: Readonly<Record<string, Cell>>
    }
  | {
      readonly kind: 'broken'
      readonly row: number
      readonly end: number
      /** Why it is no row. */
      readonly problem: string
      /** As it stands in the file, cut short. */
      readonly excerpt: string
    }

/** Where reading begins: at a record, which is the row of this number. */
export interface Place {
  readonly offset: number
  readonly row: number
}

/** What the head of a file says: what is needed to read from any place of it. */
export type FileLayout =
  | {
      readonly format: 'csv'
      readonly columns: readonly string[]
      /** One byte. */
      readonly separator: string
      readonly start: number
    }
  | { readonly format: 'jsonl'; readonly start: number }
  | {
      readonly format: 'npy'
      readonly start: number
      readonly rows: number
      readonly dimension: number
      readonly type: NumberType
      readonly littleEndian: boolean
    }
  | { readonly format: 'fvecs'; readonly start: number; readonly dimension: number }

/** As NumPy calls them, without the byte order. */
export type NumberType = 'f2' | 'f4' | 'f8' | 'i1' | 'u1' | 'i2' | 'u2' | 'i4' | 'u4' | 'i8' | 'u8'

/** A file of which nothing can be read. */
export class UnreadableFile extends Error {
  override readonly name = 'UnreadableFile'
}

/** Of npy and fvecs. */
export const VECTOR_COLUMN = 'vector'

export function firstPlace({ start }: FileLayout): Place {
  return { offset: start, row: 1 }
}
