/** What a page and the worker that reads its file say to each other; one answer to each request. */
import type { ColumnGuess } from './guess.ts'
import type { Mapping, PointDraft } from './mapping.ts'
import type { FileLayout, FileRecord, Place } from './record.ts'

export type WorkerRequest =
  | { readonly kind: 'open'; readonly file: File }
  | {
      readonly kind: 'start'
      readonly layout: FileLayout
      readonly mapping: Mapping
      readonly place: Place
    }
  /** The next rows behind those of the answer before. */
  | { readonly kind: 'next'; readonly rows: number }

export type WorkerAnswer =
  | { readonly kind: 'opened'; readonly opened: OpenedFile }
  | { readonly kind: 'started' }
  | { readonly kind: 'batch'; readonly batch: FileBatch }
  | { readonly kind: 'failed'; readonly message: string }

export interface OpenedFile {
  readonly layout: FileLayout
  readonly columns: readonly ColumnGuess[]
  /** The first records. */
  readonly sample: readonly FileRecord[]
}

export interface RowProblem {
  readonly row: number
  readonly problem: string
  readonly excerpt: string
}

export interface FileBatch {
  readonly points: readonly PointDraft[]
  /** The row of each point. */
  readonly rows: readonly number[]
  readonly problems: readonly RowProblem[]
  readonly from: Place
  readonly to: Place
  readonly isLast: boolean
}
