/** The value at a dotted path of a payload, as filters name it, and as a text. */

/** Undefined where there is none. */
export function valueAt(payload: unknown, path: string): unknown {
  if (typeof payload !== 'object' || payload === null) return undefined
  if (Object.hasOwn(payload, path)) return (payload as Record<string, unknown>)[path]
  const dot = path.indexOf('.')
  if (dot < 0) return undefined
  const [head, rest] = [path.slice(0, dot), path.slice(dot + 1)]
  return Object.hasOwn(payload, head)
    ? valueAt((payload as Record<string, unknown>)[head], rest)
    : undefined
}

/** More would not be seen in a cell. */
const CELL_CHARACTERS_MAX = 240

/** As `valueText`, and no longer than a cell. */
export function cellText(value: unknown): string {
  const text = valueText(value)
  return text.length > CELL_CHARACTERS_MAX ? `${text.slice(0, CELL_CHARACTERS_MAX)}…` : text
}

/** Lists of plain values without their brackets; empty where there is none. */
export function valueText(value: unknown): string {
  if (value === undefined) return ''
  if (typeof value === 'string') return value
  const isList = Array.isArray(value) && value.every((item) => typeof item !== 'object')
  return isList ? value.join(', ') : JSON.stringify(value)
}
