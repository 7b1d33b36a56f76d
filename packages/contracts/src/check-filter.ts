/**
 * Checks of a filter's shape: depth, size, and that each condition says one thing.
 *
 * What a filter means (types of fields, whether they exist) is the engine's to check: it alone
 * knows the fields. The engine gets the bytes as they came.
 */

import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { LIMITS, VectronError } from '@vectron/base'
import * as vectron from './vectron.ts'

/**
 * The bytes of a filter, checked; undefined for one that matches everything.
 *
 * @throws VectronError INVALID_FILTER
 */
export function takeEncodedFilter(
  encoded: Uint8Array | undefined,
  field: string,
): Uint8Array | undefined {
  if (encoded === undefined || encoded.length === 0) return undefined
  let filter: vectron.Filter
  try {
    filter = fromBinary(vectron.FilterSchema, encoded)
  } catch (cause) {
    throw new VectronError('INVALID_FILTER', `${field} is no encoded filter.`, { field, cause })
  }
  checkFilter(filter, field)
  return encoded
}

/** As takeEncodedFilter, for a filter that is decoded already. */
export function takeFilter(
  filter: vectron.Filter | undefined,
  field: string,
): Uint8Array | undefined {
  if (filter === undefined) return undefined
  checkFilter(filter, field)
  const encoded = toBinary(vectron.FilterSchema, filter)
  return encoded.length === 0 ? undefined : encoded
}

/** @throws VectronError INVALID_FILTER naming the condition. */
export function checkFilter(filter: vectron.Filter, field: string): void {
  walkFilter(filter, field, 1, { conditions: 0, values: 0 })
}

/** What has been counted so far, nested filters included. */
interface Tally {
  conditions: number
  values: number
}

function walkFilter(filter: vectron.Filter, path: string, depth: number, tally: Tally): void {
  if (depth > LIMITS.filterDepthMax) {
    throw invalid(path, `is nested deeper than ${LIMITS.filterDepthMax} levels`)
  }
  const clauses = [
    ['must', filter.must],
    ['should', filter.should],
    ['mustNot', filter.mustNot],
  ] as const
  for (const [name, conditions] of clauses) {
    tally.conditions += conditions.length
    if (tally.conditions > LIMITS.filterConditionsMax) {
      throw invalid(path, `has more than ${LIMITS.filterConditionsMax} conditions`)
    }
    conditions.forEach((condition, index) => {
      walkCondition(condition, `${path}.${name}[${index}]`, depth, tally)
    })
  }
}

function walkCondition(
  condition: vectron.Condition,
  path: string,
  depth: number,
  tally: Tally,
): void {
  const { field, test } = condition
  switch (test.case) {
    case undefined:
      throw invalid(path, 'has no test; set one of match, matchAny, range, exists, isNull, ...')
    case 'filter':
      checkNoField(field, path, test.case)
      walkFilter(test.value, `${path}.filter`, depth + 1, tally)
      break
    case 'hasId':
      checkNoField(field, path, test.case)
      countValues(test.value.values.length, `${path}.hasId`, tally)
      break
    case 'matchAny':
    case 'contains':
      checkField(field, path)
      for (const value of test.value.values) checkScalar(value, `${path}.${test.case}`)
      countValues(test.value.values.length, `${path}.${test.case}`, tally)
      break
    case 'match':
      checkField(field, path)
      checkScalar(test.value, `${path}.match`)
      break
    case 'range':
      checkField(field, path)
      checkRange(test.value, `${path}.range`)
      break
    case 'exists':
    case 'isNull':
      checkField(field, path)
      break
  }
}

function checkField(field: string, path: string): void {
  if (field === '') throw invalid(path, 'names no payload field')
  const bytes = Buffer.byteLength(field)
  if (bytes > LIMITS.fieldPathBytesMax) {
    throw invalid(path, `names a field of ${bytes} bytes; the limit is ${LIMITS.fieldPathBytesMax}`)
  }
}

function checkNoField(field: string, path: string, test: string): void {
  if (field !== '') throw invalid(path, `names the field "${field}", but ${test} takes none`)
}

function checkScalar(value: vectron.Scalar, path: string): void {
  if (value.kind.case === undefined) throw invalid(path, 'holds an empty value')
  if (value.kind.case === 'floatValue' && !Number.isFinite(value.kind.value)) {
    throw invalid(path, `compares with ${value.kind.value}, which no field can equal`)
  }
}

function checkRange(range: vectron.Range, path: string): void {
  const bounds = [range.gt, range.gte, range.lt, range.lte].filter((bound) => bound !== undefined)
  if (bounds.length === 0) throw invalid(path, 'has no bound; set one of gt, gte, lt, lte')
  for (const bound of bounds) {
    checkScalar(bound, path)
    if (bound.kind.case === 'boolValue') throw invalid(path, 'has a boolean bound')
  }
}

function countValues(count: number, path: string, tally: Tally): void {
  tally.values += count
  if (tally.values > LIMITS.filterValuesMax) {
    throw invalid(path, `brings the filter above ${LIMITS.filterValuesMax} values`)
  }
}

function invalid(path: string, what: string): VectronError {
  return new VectronError('INVALID_FILTER', `${path} ${what}.`, { field: path })
}
