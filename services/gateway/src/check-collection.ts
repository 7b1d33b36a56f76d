/**
 * Checks of what a caller says about collections, pages and batches.
 */

import { didYouMean, LIMITS, VectronError } from '@vectron/base'
import { vectron } from '@vectron/contracts'

const NAME = new RegExp(`^[a-z0-9][a-z0-9_-]{0,${LIMITS.collectionNameCharsMax - 1}}$`)
const NAME_RULE = `1 to ${LIMITS.collectionNameCharsMax} of a-z, 0-9, "-" and "_", a letter or digit first`

/** @throws VectronError MISSING_FIELD, INVALID_NAME */
export function checkCollectionName(name: string, field: string): void {
  checkName(name, { field, what: 'collection' })
}

/** @throws VectronError MISSING_FIELD, INVALID_NAME */
export function checkName(
  name: string,
  { field, what }: { readonly field: string; readonly what: string },
): void {
  if (name === '') {
    throw new VectronError('MISSING_FIELD', `${field} is missing.`, { field })
  }
  if (NAME.test(name)) return
  throw new VectronError(
    'INVALID_NAME',
    `"${name.slice(0, 200)}" is no ${what} name: ${NAME_RULE}.`,
    { field },
  )
}

/** @throws VectronError INVALID_ARGUMENT */
export function checkDimension(dimension: number, field: string): void {
  if (dimension >= 1 && dimension <= LIMITS.dimensionMax) return
  throw new VectronError(
    'INVALID_ARGUMENT',
    `${field} is ${dimension}; it must be 1 to ${LIMITS.dimensionMax}.`,
    { field },
  )
}

/** @throws VectronError INVALID_ARGUMENT for a number that this release has no name for. */
export function checkMetric(metric: vectron.Metric, field: string): void {
  if (vectron.Metric[metric] !== undefined) return
  const known = 'cosine, dot, l2'
  throw new VectronError('INVALID_ARGUMENT', `${field} ${metric} is none of ${known}.`, { field })
}

/** @throws VectronError INVALID_ARGUMENT */
export function checkPayloadSchema(
  schema: Readonly<Record<string, vectron.FieldType>>,
  field: string,
): void {
  const entries = Object.entries(schema)
  if (entries.length > LIMITS.schemaFieldsMax) {
    throw new VectronError(
      'INVALID_ARGUMENT',
      `${field} has ${entries.length} fields; the limit is ${LIMITS.schemaFieldsMax}.`,
      { field },
    )
  }
  for (const [name, type] of entries) {
    const path = `${field}["${name}"]`
    checkFieldName(name, path)
    if (type !== vectron.FieldType.UNSPECIFIED && vectron.FieldType[type] !== undefined) continue
    const known = 'keyword, integer, float, bool, datetime, stored'
    throw new VectronError('INVALID_ARGUMENT', `${path} has no type; use one of ${known}.`, {
      field: path,
    })
  }
}

/** @throws VectronError EMPTY_BATCH, BATCH_TOO_LARGE */
export function checkBatch(count: number, max: number, field: string): void {
  if (count === 0) throw new VectronError('EMPTY_BATCH', `${field} is empty.`, { field })
  if (count <= max) return
  throw new VectronError('BATCH_TOO_LARGE', `${field} has ${count} items; the limit is ${max}.`, {
    field,
  })
}

/**
 * The page size to use: the default for 0.
 *
 * @throws VectronError PAGE_SIZE_OUT_OF_RANGE
 */
export function takePageSize(
  asked: number,
  limits: { readonly default: number; readonly max: number },
  field = 'pageSize',
): number {
  if (asked === 0) return limits.default
  if (asked <= limits.max) return asked
  throw new VectronError(
    'PAGE_SIZE_OUT_OF_RANGE',
    `${field} is ${asked}; it must be 1 to ${limits.max}.`,
    { field },
  )
}

/** @throws VectronError NO_EMBEDDER naming the nearest embedder there is. */
export function checkEmbedderKnown(name: string, known: Iterable<string>, field: string): void {
  const names = [...known]
  if (names.includes(name)) return
  const there = names.length === 0 ? 'This server has none.' : `There is: ${names.join(', ')}.`
  throw new VectronError(
    'NO_EMBEDDER',
    `There is no embedder "${name}". ${there}${didYouMean(name, names)}`,
    { field },
  )
}

function checkFieldName(name: string, path: string): void {
  const bytes = Buffer.byteLength(name)
  const parts = name.split('.')
  if (bytes >= 1 && bytes <= LIMITS.fieldPathBytesMax && parts.every((part) => part !== '')) return
  throw new VectronError(
    'INVALID_ARGUMENT',
    `${path} is no field path: 1 to ${LIMITS.fieldPathBytesMax} bytes, no empty part between dots.`,
    { field: path },
  )
}
