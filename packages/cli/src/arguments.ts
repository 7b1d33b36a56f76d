/**
 * Parses what is typed on the command line; what cannot be parsed is a usage error that names it.
 */
import type { FieldType, Filter, Fused } from '@vectron/client'
import { InvalidArgumentError } from 'commander'

const FIELD_TYPES: readonly FieldType[] = [
  'keyword',
  'integer',
  'float',
  'bool',
  'datetime',
  'stored',
]

/** Collects the values of a flag that may be repeated. */
export function gather(value: string, before: readonly string[] = []): string[] {
  return [...before, value]
}

/** A parser for whole numbers of at least `min`. */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= min && value <= max) return value
    const bounds = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `${min} to ${max}`
    throw new InvalidArgumentError(`Needs a whole number ${bounds}.`)
  }
}

/** An id of a worker, shard or operator: a whole number from 1, kept as text beyond 2^53. */
export function numericId(text: string): number | string {
  if (!/^[1-9]\d{0,19}$/.test(text)) throw new InvalidArgumentError('Needs an id: a whole number.')
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : text
}

export function number(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value)) return value
  throw new InvalidArgumentError('Needs a number.')
}

/** `[0.1, 0.2]` or `0.1,0.2`. */
export function vector(text: string): number[] {
  const inner = text.trim().replace(/^\[(.*)\]$/s, '$1')
  return inner.split(',').map((part) => {
    const value = Number(part)
    if (part.trim() !== '' && Number.isFinite(value)) return value
    throw new InvalidArgumentError('Needs numbers with commas between: 0.1,0.2,0.3')
  })
}

export function jsonObject(text: string): Record<string, unknown> {
  const value = parseJson(text)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>
  }
  throw new InvalidArgumentError('Needs a JSON object, such as {"pos":"noun"}')
}

/** A filter in the API's JSON form, or one condition of it. */
export function filter(text: string): Filter {
  const value = jsonObject(text)
  const isCondition = 'field' in value || 'hasId' in value
  return (isCondition ? { must: [value] } : value) as Filter
}

/** Legs of a fused search in the API's JSON form. */
export function fused(text: string): Fused<Record<string, unknown>> {
  const value = jsonObject(text)
  if (Array.isArray(value['legs'])) return value as unknown as Fused<Record<string, unknown>>
  throw new InvalidArgumentError('Needs legs: {"legs":[{"text":"a dog"},{"id":"p1"}]}')
}

/** `name:type`, gathered over repeated flags. */
export function schemaField(
  text: string,
  before: Readonly<Record<string, FieldType>> = {},
): Record<string, FieldType> {
  const colon = text.lastIndexOf(':')
  const type = FIELD_TYPES.find((one) => one === text.slice(colon + 1))
  if (colon > 0 && type) return { ...before, [text.slice(0, colon)]: type }
  throw new InvalidArgumentError(`Needs name:type, with a type of ${FIELD_TYPES.join(', ')}.`)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new InvalidArgumentError(`Not valid JSON: ${(error as Error).message}`)
  }
}
