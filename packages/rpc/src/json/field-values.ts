/** The values of one field of a JSON object, as filters see them. */

import { LIMITS } from '@vectron/base'
import type { vectron } from '@vectron/contracts'
import { JsonCursor } from './json-cursor.ts'

/** A string, an integer of 64 bits, another number, or a bool. */
export type FieldValue = Exclude<vectron.Scalar['kind'], { case: undefined }>

/** What a field of a payload holds. */
export interface FieldValues {
  /** In the order of the text; none where the field is absent, null or an object. */
  readonly values: readonly FieldValue[]
  /** The field, or something on the way to it, is an array. */
  readonly hasArray: boolean
}

/**
 * @param text one JSON object that was checked before, or nothing
 * @param path dotted; arrays add nothing to it
 */
export function fieldValues(text: Uint8Array, path: string): FieldValues {
  const values: FieldValue[] = []
  if (text.length === 0) return { values, hasArray: false }
  const bytes = Buffer.from(text.buffer, text.byteOffset, text.byteLength)
  const walk = new Walk(new JsonCursor(bytes, LIMITS.jsonDepthMax), path, values)
  walk.object('')
  return { values, hasArray: walk.hasArray }
}

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n

class Walk {
  readonly #cursor: JsonCursor
  readonly #path: string
  readonly #values: FieldValue[]
  hasArray = false

  constructor(cursor: JsonCursor, path: string, values: FieldValue[]) {
    this.#cursor = cursor
    this.#path = path
    this.#values = values
  }

  object(at: string): void {
    this.#cursor.open('{')
    for (let first = true; this.#cursor.more('}', first); first = false) {
      const key = this.#cursor.readKey()
      this.#value(at === '' ? key : `${at}.${key}`)
    }
  }

  #value(at: string): void {
    const isIt = at === this.#path
    const leadsOn = this.#path.startsWith(`${at}.`)
    const kind = this.#cursor.peek()
    if (kind === 'array' && (isIt || leadsOn)) {
      this.hasArray = true
      this.#cursor.open('[')
      for (let first = true; this.#cursor.more(']', first); first = false) this.#value(at)
    } else if (kind === 'object' && leadsOn) {
      this.object(at)
    } else if (isIt && (kind === 'string' || kind === 'number' || kind === 'boolean')) {
      this.#values.push(this.#scalar(kind))
    } else {
      this.#cursor.skipValue()
    }
  }

  #scalar(kind: 'string' | 'number' | 'boolean'): FieldValue {
    switch (kind) {
      case 'string':
        return { case: 'stringValue', value: this.#cursor.readString() }
      case 'boolean':
        return { case: 'boolValue', value: this.#cursor.readBoolean() }
      case 'number':
        return toNumber(this.#cursor.readNumberText())
    }
  }
}

/** A number that is whole and has 64 bits at most is an integer, however it is written. */
function toNumber(text: string): FieldValue {
  const isDigits = /^-?[0-9]+$/.test(text)
  const value = Number(text)
  const whole = isDigits ? BigInt(text) : Number.isInteger(value) ? BigInt(value) : undefined
  if (whole === undefined || whole < INT64_MIN || whole > INT64_MAX) {
    return { case: 'floatValue', value }
  }
  return { case: 'integerValue', value: whole }
}
