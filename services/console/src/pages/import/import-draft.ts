/** What the person says of an import, before it begins, and what is missing still. */
import type { CollectionInfo, FieldType, Metric, NewCollection } from '@vectron/client'
import { BUILT_IN_EMBEDDER } from '../../api/collections.ts'
import type { ColumnGuess } from './reading/guess.ts'
import type { ColumnRole, Mapping } from './reading/mapping.ts'
import type { OpenedFile } from './reading/worker-messages.ts'

export interface DraftColumn {
  readonly column: string
  readonly role: ColumnRole
  readonly type: FieldType | undefined
  /** Of its vectors, where it holds some. */
  readonly dimension: number | undefined
}

export interface ImportDraft {
  readonly format: Mapping['format']
  readonly columns: readonly DraftColumn[]
  readonly idPrefix: string
  /** Of a new collection. */
  readonly name: string
  readonly metric: Metric
}

export function firstDraft(fileName: string, { layout, columns }: OpenedFile): ImportDraft {
  const stem = fileName.replace(/\.\w+$/, '').toLowerCase()
  const name = stem
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^[-_]+|-+$/g, '')
    .slice(0, 128)
  const format = layout.format
  const found: readonly ColumnGuess[] = columns
  return { format, columns: found, idPrefix: 'row-', name: name || 'imported', metric: 'cosine' }
}

export function mappingOf(
  draft: ImportDraft,
  { layout }: OpenedFile,
  target: CollectionInfo | undefined,
): Mapping {
  return {
    format: layout.format,
    // What the collection declares is what its fields are.
    columns: draft.columns.map(({ column, role, type }) => ({
      column,
      role,
      type: target?.payloadSchema[column] ?? type,
    })),
    idPrefix: draft.idPrefix,
    dimension: target?.dimension ?? vectorColumn(draft)?.dimension,
  }
}

export function newCollectionOf(draft: ImportDraft): NewCollection {
  const { name, metric, columns } = draft
  const dimension = vectorColumn(draft)?.dimension
  const declared = columns.flatMap(({ column, role, type }) =>
    role === 'payload' && type !== undefined ? [[column, type] as const] : [],
  )
  return {
    name,
    metric,
    payloadSchema: Object.fromEntries(declared),
    ...(dimension === undefined ? { embedder: BUILT_IN_EMBEDDER } : { dimension }),
  }
}

function vectorColumn({ columns }: ImportDraft): DraftColumn | undefined {
  return columns.find(({ role }) => role === 'vector')
}

const NAME = /^[a-z0-9][a-z0-9_-]{0,127}$/

/** What is missing or does not fit, for people; undefined when it can begin. */
export function draftProblem(
  draft: ImportDraft,
  target: CollectionInfo | undefined,
  { mayCreate }: { readonly mayCreate: boolean },
): string | undefined {
  const vector = vectorColumn(draft)
  const hasText = draft.columns.some(({ role }) => role === 'text')
  if (target === undefined) {
    if (!mayCreate) return 'Choose a collection.'
    if (!NAME.test(draft.name))
      return 'A name has a-z, 0-9, "-" and "_", and begins with one of a-z, 0-9.'
  }
  if (vector === undefined && !hasText)
    return 'Say which column is the vector, or the text to embed.'
  if (target === undefined) return undefined
  if (vector === undefined && target.embedder === '') {
    return `${target.name} embeds no texts: say which column is the vector.`
  }
  const dimension = vector?.dimension
  return dimension === undefined || dimension === target.dimension
    ? undefined
    : `${target.name} has ${target.dimension} dimensions, the file ${dimension}.`
}
