/** Which column of a file is what of a point, and a record turned into a point by that. */
import type { FieldType } from '@vectron/client'
import type { Cell, FileFormat } from './record.ts'

/** `fields`: an object whose keys become payload fields. */
export type ColumnRole = 'id' | 'vector' | 'text' | 'payload' | 'fields' | 'skip'

export interface ColumnMapping {
  readonly column: string
  readonly role: ColumnRole
  /** What texts of a CSV file are read as, and what a new collection declares. */
  readonly type: FieldType | undefined
}

export interface Mapping {
  readonly format: FileFormat
  readonly columns: readonly ColumnMapping[]
  /** Before the number of the row, where no column is the id. */
  readonly idPrefix: string
  /** Of the collection; undefined where it embeds texts. */
  readonly dimension: number | undefined
}

export interface PointDraft {
  readonly id: string
  readonly vector?: Float32Array
  readonly text?: string
  readonly payload: Record<string, unknown>
}

const ID_BYTES_MAX = 512
const ROW_DIGITS = 9

/** The same record gives the same point, so that writing it twice does no harm. */
export function pointOf(
  row: number,
  cells: Readonly<Record<string, Cell>>,
  mapping: Mapping,
): PointDraft | { readonly problem: string } {
  const point: PointParts = {
    id: `${mapping.idPrefix}${String(row).padStart(ROW_DIGITS, '0')}`,
    vector: undefined,
    text: undefined,
    payload: {},
  }
  for (const column of mapping.columns) {
    const problem = TAKERS[column.role](point, cells[column.column], column, mapping.format)
    if (problem !== undefined) return { problem: `${column.column}: ${problem}` }
  }
  const { id, vector, text, payload } = point
  const problem = problemOfId(id) ?? problemOfContent(vector, text, mapping.dimension)
  if (problem !== undefined) return { problem }
  return { id, payload, ...(vector ? { vector } : {}), ...(text !== undefined ? { text } : {}) }
}

interface PointParts {
  id: string
  vector: Float32Array | undefined
  text: string | undefined
  readonly payload: Record<string, unknown>
}

/** Puts a cell where it belongs, or tells what is wrong with it. */
type Taker = (
  point: PointParts,
  cell: Cell,
  column: ColumnMapping,
  format: FileFormat,
) => string | undefined

const TAKERS: Readonly<Record<ColumnRole, Taker>> = {
  skip: () => undefined,
  id(point, cell) {
    point.id = typeof cell === 'string' || typeof cell === 'number' ? String(cell) : ''
    return undefined
  },
  text(point, cell) {
    point.text = typeof cell === 'string' ? cell : undefined
    return undefined
  },
  vector(point, cell) {
    const parsed = parseVector(cell)
    if (typeof parsed === 'string') return parsed
    point.vector = parsed
    return undefined
  },
  fields({ payload }, cell) {
    if (isObject(cell)) Object.assign(payload, cell)
    return isObject(cell) || cell === undefined ? undefined : 'no JSON object.'
  },
  payload({ payload }, cell, { column, type }, format) {
    const value = format === 'csv' ? parseText(String(cell ?? ''), type) : { value: cell }
    if ('problem' in value) return value.problem
    if (value.value !== undefined) payload[column] = value.value
    return undefined
  },
}

function problemOfId(id: string): string | undefined {
  if (id === '') return 'The id is missing.'
  const bytes = new TextEncoder().encode(id).length
  return bytes > ID_BYTES_MAX ? `The id has ${bytes} bytes, over ${ID_BYTES_MAX}.` : undefined
}

function problemOfContent(
  vector: Float32Array | undefined,
  text: string | undefined,
  dimension: number | undefined,
): string | undefined {
  if (vector === undefined) {
    return text === undefined || text === '' ? 'There is neither a vector nor a text.' : undefined
  }
  if (dimension !== undefined && vector.length !== dimension) {
    return `The vector has ${vector.length} components, where the collection has ${dimension}.`
  }
  return vector.every(Number.isFinite) ? undefined : 'The vector has a component that is no number.'
}

/** From a vector, an array of numbers, or a text such as `[1, 2]`, `1 2` or `1;2`. */
export function parseVector(cell: Cell): Float32Array | string {
  if (cell instanceof Float32Array) return cell
  if (Array.isArray(cell)) {
    return cell.every((one) => typeof one === 'number')
      ? Float32Array.from(cell)
      : 'not all components are numbers.'
  }
  if (typeof cell !== 'string' || cell.trim() === '') return 'no vector.'
  const parts = cell
    .trim()
    .replace(/^\[|\]$/g, '')
    .trim()
    .split(/\s*[,;]\s*|\s+/)
  const numbers = parts.map((part) => (part === '' ? Number.NaN : Number(part)))
  return numbers.some(Number.isNaN) ? 'not all components are numbers.' : Float32Array.from(numbers)
}

/** An empty text is no value. */
function parseText(
  text: string,
  type: FieldType | undefined,
): { readonly value: unknown } | { readonly problem: string } {
  if (text === '') return { value: undefined }
  switch (type) {
    case 'integer':
    case 'float': {
      const number = text.trim() === '' ? Number.NaN : Number(text)
      const isGood = type === 'float' ? Number.isFinite(number) : Number.isSafeInteger(number)
      const what = type === 'float' ? 'number' : 'whole number'
      return isGood ? { value: number } : { problem: `"${text}" is no ${what}.` }
    }
    case 'bool': {
      const value = BOOLS[text.trim().toLowerCase()]
      return value === undefined ? { problem: `"${text}" is neither true nor false.` } : { value }
    }
    case 'datetime':
      return Number.isNaN(Date.parse(text))
        ? { problem: `"${text}" is no time.` }
        : { value: new Date(text).toISOString() }
    case 'keyword':
    case 'stored':
    case undefined:
      return { value: text }
  }
}

const BOOLS: Readonly<Record<string, boolean>> = { true: true, false: false, yes: true, no: false }

export function isObject(value: unknown): value is Record<string, unknown> {
  const isPlain = typeof value === 'object' && value !== null
  return isPlain && !Array.isArray(value) && !(value instanceof Float32Array)
}
