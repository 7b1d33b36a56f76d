/** What the columns of a file seem to be, by their names and the first rows. */
import type { FieldType } from '@vectron/client'
import { type ColumnRole, isObject, parseVector } from './mapping.ts'
import type { Cell, FileFormat, FileRecord } from './record.ts'

export interface ColumnGuess {
  readonly column: string
  readonly role: ColumnRole
  readonly type: FieldType | undefined
  /** Of its vectors, where it holds some. */
  readonly dimension: number | undefined
}

const ID_NAMES = /^(_?id|uuid|key|point_?id)$/i
const VECTOR_NAMES = /^(vector|embedding|emb|values)s?$/i
const TIME = /^\d{4}-\d\d-\d\d(T|\s)\d\d:\d\d/

export function guessColumns(format: FileFormat, sample: readonly FileRecord[]): ColumnGuess[] {
  const rows = sample.flatMap((record) => (record.kind === 'row' ? [record.cells] : []))
  const names = [...new Set(rows.flatMap((cells) => Object.keys(cells)))]
  const columns = names.map((column) => {
    const values = rows.map((cells) => cells[column]).filter((cell) => isGiven(cell))
    return { column, values, dimension: dimensionOf(values) }
  })
  const vectorColumn = bestVector(columns)
  const idColumn = columns.find(({ column }) => ID_NAMES.test(column))?.column
  return columns.map(({ column, values, dimension }) => ({
    column,
    dimension,
    role: roleOf(column, values, { idColumn, vectorColumn }),
    type: typeOf(format, values),
  }))
}

function isGiven(cell: Cell): boolean {
  return cell !== undefined && cell !== null && cell !== ''
}

/** The most frequent one, where the values are vectors. */
function dimensionOf(values: readonly Cell[]): number | undefined {
  const counts = new Map<number, number>()
  for (const value of values) {
    const vector = parseVector(value)
    const length = typeof vector === 'string' ? 0 : vector.length
    counts.set(length, (counts.get(length) ?? 0) + 1)
  }
  const [most] = [...counts].sort(([, a], [, b]) => b - a)
  return most !== undefined && most[0] > 1 ? most[0] : undefined
}

interface VectorCandidate {
  readonly column: string
  readonly dimension: number | undefined
}

function bestVector(columns: readonly VectorCandidate[]): string | undefined {
  const candidates = columns.filter(({ dimension }) => dimension !== undefined)
  const named = candidates.find(({ column }) => VECTOR_NAMES.test(column))
  const longest = [...candidates].sort((a, b) => (b.dimension ?? 0) - (a.dimension ?? 0))[0]
  return (named ?? longest)?.column
}

interface Special {
  readonly idColumn: string | undefined
  readonly vectorColumn: string | undefined
}

function roleOf(column: string, values: readonly Cell[], special: Special): ColumnRole {
  if (column === special.idColumn) return 'id'
  if (column === special.vectorColumn) return 'vector'
  const isPayload = column === 'payload' && values.length > 0 && values.every(isObject)
  return isPayload ? 'fields' : 'payload'
}

/** undefined where the values are of several types, or objects. */
function typeOf(format: FileFormat, values: readonly Cell[]): FieldType | undefined {
  const flat = values.flatMap((value) => (Array.isArray(value) ? value : [value]))
  const types = new Set(
    flat.map((value) => (format === 'csv' ? typeOfText(value) : typeOfJson(value))),
  )
  if (types.size === 2 && types.has('integer') && types.has('float')) return 'float'
  if (format === 'csv' && types.size > 1) return 'keyword'
  return types.size === 1 ? [...types][0] : undefined
}

function typeOfText(cell: Cell): FieldType {
  const text = String(cell).trim()
  if (/^(true|false)$/i.test(text)) return 'bool'
  // Leading zeros would be lost: a postal code is no number.
  if (/^-?(0|[1-9]\d*)$/.test(text) && Number.isSafeInteger(Number(text))) return 'integer'
  if (/^-?(0|[1-9]\d*)?(\.\d+)?(e[+-]?\d+)?$/i.test(text) && text !== '') return 'float'
  return TIME.test(text) && !Number.isNaN(Date.parse(text)) ? 'datetime' : 'keyword'
}

function typeOfJson(cell: Cell): FieldType | undefined {
  if (typeof cell === 'boolean') return 'bool'
  if (typeof cell === 'number') return Number.isSafeInteger(cell) ? 'integer' : 'float'
  if (typeof cell !== 'string') return undefined
  return TIME.test(cell) && !Number.isNaN(Date.parse(cell)) ? 'datetime' : 'keyword'
}
