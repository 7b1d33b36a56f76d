/**
 * Some fields of a JSON object, as they are written: order, numbers and escapes stay.
 *
 * Fields are named by dotted paths, as filters name them; arrays add nothing to a path, so a path
 * goes on into each item. Objects and arrays on the way to a named field stay, though nothing of
 * them may be left; what stands beside it in an array and is no object goes.
 */

import { LIMITS } from '@vectron/base'
import { JsonCursor } from './json-cursor.ts'

export interface FieldSelection {
  /** Paths to keep; empty for all. */
  readonly include: readonly string[]
  /** Paths to leave out, also of what is kept. */
  readonly exclude: readonly string[]
}

/** A selection, prepared for many texts. */
export class FieldSelector {
  readonly #include: ReadonlySet<string>
  readonly #exclude: ReadonlySet<string>
  readonly #onTheWayIn: ReadonlySet<string>
  readonly #onTheWayOut: ReadonlySet<string>

  constructor({ include, exclude }: FieldSelection) {
    this.#include = new Set(include)
    this.#exclude = new Set(exclude)
    this.#onTheWayIn = prefixesOf(include)
    this.#onTheWayOut = prefixesOf(exclude)
  }

  /** @param text one JSON object that was checked before, or nothing */
  select(text: Uint8Array): Uint8Array {
    if (text.length === 0) return text
    const bytes = Buffer.from(text.buffer, text.byteOffset, text.byteLength)
    const cursor = new JsonCursor(bytes, LIMITS.jsonDepthMax)
    const parts: Uint8Array[] = []
    this.#object({ cursor, parts }, '', this.#include.size === 0)
    return Buffer.concat(parts)
  }

  /** `isKept`: all of the object but what is left out. */
  #object(walk: Walk, path: string, isKept: boolean): void {
    const { cursor, parts } = walk
    parts.push(OPEN_OBJECT)
    let isFirst = true
    cursor.open('{')
    for (let first = true; cursor.more('}', first); first = false) {
      const start = cursor.at
      const key = cursor.readKey()
      const field = path === '' ? key : `${path}.${key}`
      const choice = this.#choose(field, isKept)
      const kind = cursor.peek()
      const isDeep = kind === 'object' || kind === 'array'
      if (choice === 'none' || (choice === 'named' && !isDeep)) {
        cursor.skipValue()
        continue
      }
      if (!isFirst) parts.push(COMMA)
      isFirst = false
      if (choice === 'all' || !isDeep) {
        cursor.skipValue()
        parts.push(cursor.text.subarray(start, cursor.at))
      } else {
        parts.push(cursor.text.subarray(start, cursor.at))
        this.#within(walk, field, choice === 'rest')
      }
    }
    parts.push(CLOSE_OBJECT)
  }

  /** An object or array of which some may be left out. */
  #within(walk: Walk, path: string, isKept: boolean): void {
    const { cursor, parts } = walk
    if (cursor.peek() === 'object') {
      this.#object(walk, path, isKept)
      return
    }
    parts.push(OPEN_ARRAY)
    let isFirst = true
    cursor.open('[')
    for (let first = true; cursor.more(']', first); first = false) {
      const kind = cursor.peek()
      const isDeep = kind === 'object' || kind === 'array'
      const start = cursor.at
      if (!isDeep) cursor.skipValue()
      if (!isDeep && !isKept) continue
      if (!isFirst) parts.push(COMMA)
      isFirst = false
      if (isDeep) this.#within(walk, path, isKept)
      else parts.push(cursor.text.subarray(start, cursor.at))
    }
    parts.push(CLOSE_ARRAY)
  }

  #choose(field: string, isKept: boolean): Choice {
    if (this.#exclude.has(field)) return 'none'
    if (isKept || this.#include.has(field)) return this.#onTheWayOut.has(field) ? 'rest' : 'all'
    return this.#onTheWayIn.has(field) ? 'named' : 'none'
  }
}

/** Of a field: nothing; all of it; all but what is left out within; what is named within. */
type Choice = 'none' | 'all' | 'rest' | 'named'

interface Walk {
  readonly cursor: JsonCursor
  readonly parts: Uint8Array[]
}

const OPEN_OBJECT = Buffer.from('{')
const CLOSE_OBJECT = Buffer.from('}')
const OPEN_ARRAY = Buffer.from('[')
const CLOSE_ARRAY = Buffer.from(']')
const COMMA = Buffer.from(',')

/** `a` and `a.b` for `a.b.c`. */
function prefixesOf(paths: readonly string[]): Set<string> {
  const prefixes = new Set<string>()
  for (const path of paths) {
    for (let dot = path.indexOf('.'); dot !== -1; dot = path.indexOf('.', dot + 1)) {
      prefixes.add(path.slice(0, dot))
    }
  }
  return prefixes
}
