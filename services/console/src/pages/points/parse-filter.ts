/** A filter that somebody typed, or that an address holds: the filter, or what is wrong with it. */
import type { Condition, Filter } from '@vectron/client'

export type ParsedFilter =
  | { readonly kind: 'filter'; readonly filter: Filter }
  | { readonly kind: 'wrong'; readonly problem: string }

const CLAUSE_NAMES = ['must', 'should', 'mustNot']
/** Each test with the check of its value. */
const TESTS: Readonly<Record<string, (value: unknown) => boolean>> = {
  match: isScalar,
  matchAny: isListOf(isScalar),
  contains: isListOf(isScalar),
  range: isRange,
  exists: (value) => typeof value === 'boolean',
  isNull: (value) => typeof value === 'boolean',
}
const SHAPES: Readonly<Record<string, string>> = {
  match: 'a text, a number, true or false',
  matchAny: 'a list of values',
  contains: 'a list of values',
  range: 'an object with gt, gte, lt or lte',
  exists: 'true or false',
  isNull: 'true or false',
}

export function parseFilterText(text: string): ParsedFilter {
  if (text.trim() === '') return { kind: 'filter', filter: {} }
  try {
    return parseFilter(JSON.parse(text))
  } catch (error) {
    return { kind: 'wrong', problem: error instanceof Error ? error.message : String(error) }
  }
}

export function parseFilter(value: unknown): ParsedFilter {
  const problem = problemOfFilter(value, '')
  return problem === undefined
    ? { kind: 'filter', filter: value as Filter }
    : { kind: 'wrong', problem }
}

function problemOfFilter(value: unknown, at: string): string | undefined {
  if (!isObject(value)) return `${at || 'The filter'} is an object with must, should or mustNot.`
  for (const [name, conditions] of Object.entries(value)) {
    const path = at === '' ? name : `${at}.${name}`
    if (!CLAUSE_NAMES.includes(name)) {
      return `${path}: a filter has must, should and mustNot alone.`
    }
    if (!Array.isArray(conditions)) return `${path} is a list of conditions.`
    for (const [index, condition] of conditions.entries()) {
      const problem = problemOfCondition(condition, `${path}[${index}]`)
      if (problem !== undefined) return problem
    }
  }
  return undefined
}

function problemOfCondition(value: unknown, at: string): string | undefined {
  if (!isObject(value)) return `${at} is an object.`
  const names = Object.keys(value)
  if (names.length === 1 && names[0] === 'filter') {
    return problemOfFilter(value['filter'], `${at}.filter`)
  }
  if (names.length === 1 && names[0] === 'hasId') {
    const isIds = isListOf((id) => typeof id === 'string')(value['hasId'])
    return isIds ? undefined : `${at}.hasId is a list of ids.`
  }
  const { field, ...tests } = value as { field?: unknown } & Partial<Condition>
  if (typeof field !== 'string' || field === '') return `${at}.field names a payload field.`
  const [test, ...more] = Object.entries(tests)
  const check = TESTS[test?.[0] ?? '']
  if (test === undefined || check === undefined || more.length > 0) {
    return `${at} has one of ${Object.keys(TESTS).join(', ')}.`
  }
  return check(test[1]) ? undefined : `${at}.${test[0]} is ${SHAPES[test[0]]}.`
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isScalar(value: unknown): boolean {
  return ['string', 'number', 'boolean'].includes(typeof value)
}

function isListOf(check: (value: unknown) => boolean): (value: unknown) => boolean {
  return (value) => Array.isArray(value) && value.length > 0 && value.every(check)
}

function isRange(value: unknown): boolean {
  if (!isObject(value)) return false
  const bounds = Object.entries(value)
  return (
    bounds.length > 0 &&
    bounds.every(([name, bound]) => ['gt', 'gte', 'lt', 'lte'].includes(name) && isScalar(bound))
  )
}
