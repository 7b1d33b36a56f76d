/**
 * A filter while it is put together: each condition as the texts of its fields, complete or not,
 * and the way between that and the filter of the API.
 *
 * Invariant: what `draftOf` makes of a filter, `filterOf` makes that filter again.
 */
import type { Condition, FieldStats, Filter, RangeBounds, Scalar } from '@vectron/client'

export type Clause = 'must' | 'should' | 'mustNot'

/** `missing` is exists: false, `notNull` is isNull: false. */
export type TestKind =
  | 'match'
  | 'matchAny'
  | 'range'
  | 'exists'
  | 'missing'
  | 'isNull'
  | 'notNull'
  | 'contains'
  | 'hasId'
  | 'filter'

export type Bound = 'gt' | 'gte' | 'lt' | 'lte'
export const BOUNDS: readonly Bound[] = ['gt', 'gte', 'lt', 'lte']

export interface ConditionDraft {
  /** For lists of them: never twice in one page. */
  readonly key: number
  readonly clause: Clause
  readonly test: TestKind
  /** Empty for `hasId` and `filter`. */
  readonly field: string
  /** Of match (one), matchAny, contains and hasId. */
  readonly values: readonly string[]
  readonly range: Readonly<Partial<Record<Bound, string>>>
  /** Of `filter`. */
  readonly group: FilterDraft
}

export type FilterDraft = readonly ConditionDraft[]

/** The type of a field's values; undefined where there are several or none is known. */
export type TypeOf = (field: string) => FieldStats['type'] | undefined

let lastKey = 0

export function newCondition(part: Partial<Omit<ConditionDraft, 'key'>> = {}): ConditionDraft {
  lastKey += 1
  const empty = { clause: 'must', test: 'match', field: '', values: [], range: {} } as const
  return { ...empty, group: [], ...part, key: lastKey }
}

export const CLAUSES: readonly Clause[] = ['must', 'should', 'mustNot']

export function draftOf(filter: Filter, typeOf: TypeOf): FilterDraft {
  return CLAUSES.flatMap((clause) =>
    (filter[clause] ?? []).map((condition) =>
      newCondition({ clause, ...partsOf(condition, typeOf) }),
    ),
  )
}

function partsOf(condition: Condition, typeOf: TypeOf): Partial<ConditionDraft> {
  if ('hasId' in condition) return { test: 'hasId', values: condition.hasId }
  if ('filter' in condition) return { test: 'filter', group: draftOf(condition.filter, typeOf) }
  const { field } = condition
  const text = (value: Scalar) => formatScalar(value, typeOf(field))
  if ('match' in condition) return { field, test: 'match', values: [text(condition.match)] }
  if ('matchAny' in condition) {
    return { field, test: 'matchAny', values: condition.matchAny.map(text) }
  }
  if ('contains' in condition) {
    return { field, test: 'contains', values: condition.contains.map(text) }
  }
  if ('exists' in condition) return { field, test: condition.exists ? 'exists' : 'missing' }
  if ('isNull' in condition) return { field, test: condition.isNull ? 'isNull' : 'notNull' }
  const bounds = Object.entries(condition.range).map(([bound, value]) => [bound, text(value)])
  return { field, test: 'range', range: Object.fromEntries(bounds) }
}

export interface DraftResult {
  /** Undefined when nothing is asked. */
  readonly filter: Filter | undefined
  /** What is missing or wrong, by the key of the condition. */
  readonly problems: ReadonlyMap<number, string>
}

/** Conditions with problems are left out of the filter. */
export function filterOf(draft: FilterDraft, typeOf: TypeOf): DraftResult {
  const problems = new Map<number, string>()
  const filter: Partial<Record<Clause, Condition[]>> = {}
  for (const condition of draft) {
    const made = conditionOf(condition, typeOf, problems)
    if (typeof made === 'string') problems.set(condition.key, made)
    else filter[condition.clause] = [...(filter[condition.clause] ?? []), made]
  }
  return { filter: Object.keys(filter).length === 0 ? undefined : filter, problems }
}

/** The condition, or what is wrong with it. */
function conditionOf(
  draft: ConditionDraft,
  typeOf: TypeOf,
  problems: Map<number, string>,
): Condition | string {
  const { test, field } = draft
  if (test === 'hasId') return draft.values.length === 0 ? 'Give an id.' : { hasId: draft.values }
  if (test === 'filter') {
    const inner = filterOf(draft.group, typeOf)
    for (const [key, problem] of inner.problems) problems.set(key, problem)
    return inner.filter === undefined ? 'Put a condition into the group.' : { filter: inner.filter }
  }
  if (field === '') return 'Choose a field.'
  const type = typeOf(field)
  switch (test) {
    case 'exists':
    case 'missing':
      return { field, exists: test === 'exists' }
    case 'isNull':
    case 'notNull':
      return { field, isNull: test === 'isNull' }
    case 'range':
      return rangeOf(draft, type)
    case 'match':
    case 'matchAny':
    case 'contains': {
      const values = draft.values.map((text) => parseScalar(text, type))
      const wrong = values.find((value) => typeof value === 'object')
      if (wrong !== undefined) return wrong.problem
      const good = values as readonly Scalar[]
      const [first] = good
      if (first === undefined) return 'Give a value.'
      if (test === 'match') return { field, match: first }
      return test === 'matchAny' ? { field, matchAny: good } : { field, contains: good }
    }
  }
}

function rangeOf({ field, range }: ConditionDraft, type: FieldStats['type'] | undefined) {
  const bounds: Partial<Record<Bound, Scalar>> = {}
  for (const bound of BOUNDS) {
    const text = range[bound]?.trim() ?? ''
    if (text === '') continue
    const value = parseScalar(text, type)
    if (typeof value === 'object') return value.problem
    bounds[bound] = value
  }
  if (Object.keys(bounds).length === 0) return 'Give a bound.'
  return { field, range: bounds as RangeBounds }
}

/** The value that a text stands for in a field of this type, or what is wrong with it. */
export function parseScalar(
  text: string,
  type: FieldStats['type'] | undefined,
): Scalar | { readonly problem: string } {
  switch (type) {
    case 'integer':
    case 'float': {
      const value = text.trim() === '' ? Number.NaN : Number(text)
      const isGood = type === 'float' ? Number.isFinite(value) : Number.isSafeInteger(value)
      return isGood ? value : { problem: `"${text}" is no ${NUMBER_NAMES[type]}.` }
    }
    case 'bool':
      if (text !== 'true' && text !== 'false') return { problem: 'Choose true or false.' }
      return text === 'true'
    case 'keyword':
    case 'datetime':
      return text
    case 'stored':
    case 'unspecified':
    case undefined:
      return guessScalar(text)
  }
}

const NUMBER_NAMES = { integer: 'whole number', float: 'number' } as const

/** Of unknown type: as JSON where it is a scalar of JSON (quotes make a text), else as it is. */
function guessScalar(text: string): Scalar {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'string' || typeof value === 'boolean') return value
    if (typeof value === 'number' && Number.isFinite(value)) return value
  } catch {
    // No JSON: a text without quotes.
  }
  return text
}

function formatScalar(value: Scalar, type: FieldStats['type'] | undefined): string {
  const plain = String(value)
  return parseScalar(plain, type) === value ? plain : JSON.stringify(value)
}
