/**
 * The messages of vectron.v1 that have a JSON form of their own: Vector and Scalar.
 *
 * Numbers of a vector are parsed by JSON.parse, all at once: 50 ns each, a third of what a parser
 * in JavaScript takes. It says little about what is wrong, so what it refuses, and what is not all
 * finite numbers, is read again one by one to find the component to name.
 */
import { VectronError } from '@vectron/base'
import { type ByteWriter, WIRE } from './byte-writer.ts'
import type { JsonCursor } from './json-cursor.ts'

// Field numbers of vectron.v1.Vector and vectron.v1.Scalar.
const VECTOR = { f32: 2 } as const
const SCALAR = { string: 1, integer: 2, float: 3, bool: 4 } as const

const INT64_MAX = 2n ** 63n - 1n
const INT64_MIN = -(2n ** 63n)

/** Reads an array of numbers or base64; writes a Vector whose `f32` is set. */
export function readVector(cursor: JsonCursor, out: ByteWriter): void {
  out.tag(VECTOR.f32, WIRE.delimited)
  const begin = out.beginDelimited()
  switch (cursor.peek()) {
    case 'array':
      readComponents(cursor, out)
      break
    case 'string':
      if (!out.base64(cursor.readPlainString())) throw invalidVector(cursor, 'is not valid base64')
      break
    default:
      throw invalidVector(cursor, 'must be an array of numbers, or base64 of little-endian f32')
  }
  out.endDelimited(begin)
}

function readComponents(cursor: JsonCursor, out: ByteWriter): void {
  const end = cursor.text.indexOf(CLOSING_BRACKET, cursor.at) + 1
  const components = parseFinite(cursor.text.toString('latin1', cursor.at, end))
  if (components === undefined) throw findWrongComponent(cursor)
  out.bytes(new Uint8Array(components.buffer))
  cursor.at = end
}

const CLOSING_BRACKET = 0x5d

/** An array of finite numbers, rounded to f32; undefined for everything else. */
function parseFinite(text: string): Float32Array | undefined {
  let items: unknown[]
  try {
    items = JSON.parse(text) as unknown[]
  } catch {
    return undefined
  }
  const components = new Float32Array(items.length)
  for (let i = 0; i < items.length; i++) {
    const item = items[i]
    if (typeof item !== 'number') return undefined
    components[i] = item
    if (!Number.isFinite(components[i])) return undefined
  }
  return components
}

/** The error about an array that is no vector. */
function findWrongComponent(cursor: JsonCursor): VectronError {
  cursor.open('[')
  for (let i = 0; cursor.more(']', i === 0); i++) {
    if (cursor.peek() !== 'number' || cursor.atNonFinite()) return wrongComponent(cursor, i)
    const component = Math.fround(cursor.readNumber())
    if (!Number.isFinite(component)) return notFinite(cursor, i, 'is beyond what f32 holds')
  }
  return cursor.fault('this is no array of numbers')
}

function wrongComponent(cursor: JsonCursor, i: number): VectronError {
  if (cursor.atNonFinite()) return notFinite(cursor, i, 'must be a finite number')
  const kind = cursor.peek()
  if (kind === 'nothing') return cursor.fault('a number is missing')
  const field = cursor.path.child(i)
  return new VectronError('INVALID_VECTOR', `${field} must be a number, not ${kind}.`, { field })
}

function notFinite(cursor: JsonCursor, i: number, problem: string): VectronError {
  const field = cursor.path.child(i)
  return new VectronError('NOT_FINITE', `${field} ${problem}.`, { field })
}

function invalidVector(cursor: JsonCursor, problem: string): VectronError {
  const field = cursor.path.text()
  return new VectronError('INVALID_VECTOR', `${field} ${problem}.`, { field })
}

/**
 * Reads a string, number or boolean; writes a Scalar. A number without "." or "e" is an
 * integer.
 */
export function readBareScalar(cursor: JsonCursor, out: ByteWriter): void {
  switch (cursor.peek()) {
    case 'string': {
      out.tag(SCALAR.string, WIRE.delimited)
      const begin = out.beginDelimited()
      out.utf8(cursor.readString())
      out.endDelimited(begin)
      return
    }
    case 'boolean':
      out.tag(SCALAR.bool, WIRE.varint)
      out.byte(cursor.readBoolean() ? 1 : 0)
      return
    case 'number':
      readBareNumber(cursor, out)
      return
    default: {
      const field = cursor.path.text()
      const message = `${field} must be a string, a number, or true or false.`
      throw new VectronError('FIELD_TYPE_MISMATCH', message, { field })
    }
  }
}

function readBareNumber(cursor: JsonCursor, out: ByteWriter): void {
  const text = cursor.readNumberText()
  const integer = /^-?[0-9]+$/.test(text) ? BigInt(text) : undefined
  if (integer !== undefined && integer >= INT64_MIN && integer <= INT64_MAX) {
    out.tag(SCALAR.integer, WIRE.varint)
    out.varint64(integer)
    return
  }
  const value = Number(text)
  if (!Number.isFinite(value)) {
    const field = cursor.path.text()
    throw new VectronError('FIELD_TYPE_MISMATCH', `${field} must be a finite number.`, { field })
  }
  out.tag(SCALAR.float, WIRE.fixed64)
  out.float64(value)
}
