/**
 * Single values from JSON to protobuf bytes: numbers, strings, enums, JSON texts.
 */
import { ScalarType } from '@bufbuild/protobuf'
import { didYouMean, VectronError } from '@vectron/base'
import { type ByteWriter, WIRE, type WireType } from './byte-writer.ts'
import type { JsonCursor } from './json-cursor.ts'
import type { EnumPlan } from './plan.ts'

const INTEGER_TEXT = /^-?(0|[1-9][0-9]*)$/

interface IntegerRange {
  readonly min: bigint
  readonly max: bigint
}

const int32Range: IntegerRange = { min: -(2n ** 31n), max: 2n ** 31n - 1n }
const uint32Range: IntegerRange = { min: 0n, max: 2n ** 32n - 1n }
const int64Range: IntegerRange = { min: -(2n ** 63n), max: 2n ** 63n - 1n }
const uint64Range: IntegerRange = { min: 0n, max: 2n ** 64n - 1n }

/** The wire type of an unpacked scalar. */
export function scalarWireType(scalar: ScalarType): WireType {
  switch (scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return WIRE.delimited
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return WIRE.fixed32
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return WIRE.fixed64
    default:
      return WIRE.varint
  }
}

/** Reads a scalar and writes its content (with its length, where it has one). */
export function readScalar(scalar: ScalarType, cursor: JsonCursor, out: ByteWriter): void {
  switch (scalar) {
    case ScalarType.STRING:
      readText(cursor, out)
      return
    case ScalarType.BYTES:
      readBase64(cursor, out)
      return
    case ScalarType.BOOL:
      if (cursor.peek() !== 'boolean') throw wrongType(cursor, 'true or false')
      out.byte(cursor.readBoolean() ? 1 : 0)
      return
    case ScalarType.FLOAT:
      out.float32(readFinite(cursor, Math.fround))
      return
    case ScalarType.DOUBLE:
      out.float64(readFinite(cursor, (value) => value))
      return
    case ScalarType.INT32:
      out.varint64(readInteger(cursor, int32Range))
      return
    case ScalarType.UINT32:
      out.varint64(readInteger(cursor, uint32Range))
      return
    case ScalarType.INT64:
      out.varint64(readInteger(cursor, int64Range, 'or string'))
      return
    case ScalarType.UINT64:
      out.varint64(readInteger(cursor, uint64Range, 'or string'))
      return
    case ScalarType.SINT32:
      out.varint64(zigZag(readInteger(cursor, int32Range)))
      return
    case ScalarType.SINT64:
      out.varint64(zigZag(readInteger(cursor, int64Range, 'or string')))
      return
    case ScalarType.FIXED32:
      out.fixed32(Number(readInteger(cursor, uint32Range)))
      return
    case ScalarType.SFIXED32:
      out.fixed32(Number(readInteger(cursor, int32Range)) >>> 0)
      return
    case ScalarType.FIXED64:
      out.fixed64(readInteger(cursor, uint64Range, 'or string'))
      return
    case ScalarType.SFIXED64:
      out.fixed64(readInteger(cursor, int64Range, 'or string'))
      return
  }
}

/** Reads an enum's name or number and writes the number. */
export function readEnum(plan: EnumPlan, cursor: JsonCursor, out: ByteWriter): void {
  const kind = cursor.peek()
  if (kind === 'string') {
    const name = cursor.readString()
    const number = plan.numberOf.get(name)
    if (number === undefined) throw unknownEnumName(plan, cursor, name)
    out.varint64(BigInt(number))
    return
  }
  const number = kind === 'number' ? cursor.readNumber() : undefined
  if (number === undefined || !plan.nameOf.has(number)) {
    throw wrongType(cursor, `one of ${[...plan.nameOf.values()].join(', ')}`)
  }
  out.varint64(BigInt(number))
}

/** Reads any value and writes its text without the white space between tokens. */
export function readJsonText(cursor: JsonCursor, out: ByteWriter): void {
  cursor.peek()
  const start = cursor.at
  cursor.skipValue()
  writeCompact(cursor.text, { from: start, to: cursor.at }, out)
}

/** Copies JSON text; white space stays only inside strings, so that the copy is one line. */
function writeCompact(
  text: Uint8Array,
  span: { readonly from: number; readonly to: number },
  out: ByteWriter,
): void {
  let begin = span.from
  let inString = false
  for (let at = span.from; at < span.to; at++) {
    const byte = text[at]
    if (byte === 0x22) inString = !inString
    else if (byte === 0x5c) at++
    else if (!inString && (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09)) {
      out.slice(text, begin, at)
      begin = at + 1
    }
  }
  out.slice(text, begin, span.to)
}

function readText(cursor: JsonCursor, out: ByteWriter): void {
  if (cursor.peek() !== 'string') throw wrongType(cursor, 'a string')
  const start = cursor.at
  const escaped = cursor.scanString()
  const begin = out.beginDelimited()
  if (escaped) out.utf8(JSON.parse(cursor.text.toString('utf8', start, cursor.at)) as string)
  else out.slice(cursor.text, start + 1, cursor.at - 1)
  out.endDelimited(begin)
}

function readBase64(cursor: JsonCursor, out: ByteWriter): void {
  if (cursor.peek() !== 'string') throw wrongType(cursor, 'a base64 string')
  const begin = out.beginDelimited()
  if (!out.base64(cursor.readPlainString())) throw wrongType(cursor, 'a base64 string')
  out.endDelimited(begin)
}

function readFinite(cursor: JsonCursor, round: (value: number) => number): number {
  if (cursor.peek() !== 'number') throw wrongType(cursor, 'a number')
  const value = round(cursor.readNumber())
  if (!Number.isFinite(value)) throw wrongType(cursor, 'a finite number')
  return value
}

function readInteger(cursor: JsonCursor, range: IntegerRange, orString?: 'or string'): bigint {
  const kind = cursor.peek()
  let text: string | undefined
  if (kind === 'number') text = wholeNumber(cursor)
  else if (kind === 'string' && orString !== undefined) text = cursor.readString()
  const wanted = `a whole number from ${range.min} to ${range.max}`
  if (text === undefined || !INTEGER_TEXT.test(text)) throw wrongType(cursor, wanted)
  const value = BigInt(text)
  if (value < range.min || value > range.max) throw wrongType(cursor, `${wanted}, not ${text}`)
  return value
}

/** The text of a number; `1e3` and `10.0` as the whole numbers that they are. */
function wholeNumber(cursor: JsonCursor): string {
  const text = cursor.readNumberText()
  if (INTEGER_TEXT.test(text)) return text
  const value = Number(text)
  return Number.isSafeInteger(value) ? BigInt(value).toString() : text
}

function zigZag(value: bigint): bigint {
  return value >= 0n ? value * 2n : value * -2n - 1n
}

function wrongType(cursor: JsonCursor, wanted: string): VectronError {
  if (
    cursor.peek() === 'nothing' &&
    cursor.at < cursor.text.length &&
    !/[\],}]/.test(charAt(cursor))
  ) {
    return cursor.fault('this is no JSON value')
  }
  const field = cursor.path.text()
  return new VectronError('FIELD_TYPE_MISMATCH', `${field} must be ${wanted}.`, { field })
}

function charAt(cursor: JsonCursor): string {
  return String.fromCharCode(cursor.text[cursor.at] as number)
}

function unknownEnumName(plan: EnumPlan, cursor: JsonCursor, name: string): VectronError {
  const names = [...plan.nameOf.values()].filter((each) => each !== 'unspecified')
  const hint = didYouMean(name, names) || ` Use one of ${names.join(', ')}.`
  const field = cursor.path.text()
  return new VectronError('FIELD_TYPE_MISMATCH', `${field} cannot be "${name}".${hint}`, { field })
}
