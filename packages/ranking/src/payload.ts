/** Values of payload fields by their paths, as filters name them: `author.name`. */

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue }

/** The object of a payload's JSON text; an empty one where there is no payload. */
export function parsePayload(text: string): JsonValue {
  return text === '' ? {} : (JSON.parse(text) as JsonValue)
}

/** All values at a path: those of a list one by one. Empty where the field is absent. */
export function valuesAt(payload: JsonValue, path: string): JsonValue[] {
  const whole = isObject(payload) && Object.hasOwn(payload, path) ? payload[path] : undefined
  const found = whole !== undefined ? [whole] : descend(payload, path.split('.'))
  return found.flatMap((value) => (Array.isArray(value) ? (value as JsonValue[]) : [value]))
}

function descend(value: JsonValue, names: readonly string[]): JsonValue[] {
  const [name, ...rest] = names
  if (name === undefined) return [value]
  if (Array.isArray(value)) return value.flatMap((one: JsonValue) => descend(one, names))
  if (!isObject(value) || !Object.hasOwn(value, name)) return []
  return descend(value[name] as JsonValue, rest)
}

function isObject(value: JsonValue | undefined): value is { readonly [name: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The first number at a path. */
export function numberAt(payload: JsonValue, path: string): number | undefined {
  return valuesAt(payload, path).find((value) => typeof value === 'number')
}

/** The texts at some paths, one after the other. */
export function textAt(payload: JsonValue, paths: readonly string[]): string {
  const texts = paths.flatMap((path) => valuesAt(payload, path))
  return texts.filter((value) => typeof value === 'string').join('\n')
}

/** The first date at a path, RFC 3339 or milliseconds since 1970, as milliseconds. */
export function timeAt(payload: JsonValue, path: string): number | undefined {
  for (const value of valuesAt(payload, path)) {
    const ms = typeof value === 'string' ? Date.parse(value) : value
    if (typeof ms === 'number' && Number.isFinite(ms)) return ms
  }
  return undefined
}
