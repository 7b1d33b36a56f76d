/**
 * Single values from protobuf bytes to JSON: numbers, strings, enums, JSON texts.
 */
import { ScalarType } from '@bufbuild/protobuf'
import type { ByteWriter } from './byte-writer.ts'
import type { EnumPlan } from './plan.ts'
import type { WireReader } from './wire-reader.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const HEX = '0123456789abcdef'

/** Escapes that are shorter than \u00xx. */
const shortEscapes = new Map([
  [0x08, '\\b'],
  [0x09, '\\t'],
  [0x0a, '\\n'],
  [0x0c, '\\f'],
  [0x0d, '\\r'],
  [QUOTE, '\\"'],
  [BACKSLASH, '\\\\'],
])

/** Writes the scalar that is next. */
export function writeScalar(scalar: ScalarType, reader: WireReader, out: ByteWriter): void {
  switch (scalar) {
    case ScalarType.STRING:
      writeString(reader, out)
      return
    case ScalarType.BYTES:
      writeBase64(reader, out)
      return
    case ScalarType.BOOL:
      out.ascii(reader.varint() === 0 ? 'false' : 'true')
      return
    case ScalarType.FLOAT:
      out.ascii(float32Text(reader.float32()))
      return
    case ScalarType.DOUBLE:
      out.ascii(float64Text(reader.float64()))
      return
    case ScalarType.UINT32:
      out.ascii(String(reader.varint()))
      return
    case ScalarType.UINT64:
      out.ascii(integerText(reader.varint64()))
      return
    case ScalarType.INT32:
    case ScalarType.INT64:
      out.ascii(integerText(BigInt.asIntN(64, reader.varint64())))
      return
    case ScalarType.SINT32:
    case ScalarType.SINT64:
      out.ascii(integerText(unZigZag(reader.varint64())))
      return
    case ScalarType.FIXED32:
      out.ascii(String(reader.fixed32()))
      return
    case ScalarType.SFIXED32:
      out.ascii(String(reader.fixed32() | 0))
      return
    case ScalarType.FIXED64:
      out.ascii(integerText(reader.fixed64()))
      return
    case ScalarType.SFIXED64:
      out.ascii(integerText(BigInt.asIntN(64, reader.fixed64())))
      return
  }
}

/** How a scalar looks that is not set. */
export function scalarDefault(scalar: ScalarType): string {
  switch (scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return '""'
    case ScalarType.BOOL:
      return 'false'
    default:
      return '0'
  }
}

/** Whether a list of this scalar may be one run of values. */
export function isPackable(scalar: ScalarType): boolean {
  return scalar !== ScalarType.STRING && scalar !== ScalarType.BYTES
}

/** Writes an enum's short name; the number for a value that this version does not know. */
export function writeEnum(plan: EnumPlan, reader: WireReader, out: ByteWriter): void {
  const number = Number(BigInt.asIntN(32, reader.varint64()))
  const name = plan.nameOf.get(number)
  out.ascii(name === undefined ? String(number) : `"${name}"`)
}

/** Copies a JSON text; false when it is empty. */
export function writeJsonText(reader: WireReader, out: ByteWriter): boolean {
  const end = reader.varint() + reader.at
  const begin = reader.at
  reader.at = end
  if (begin === end) return false
  out.slice(reader.bytes, begin, end)
  return true
}

/** Writes the string that is next, escaping what JSON cannot hold. */
export function writeString(reader: WireReader, out: ByteWriter): void {
  const { bytes } = reader
  const end = reader.varint() + reader.at
  let begin = reader.at
  out.byte(QUOTE)
  for (let at = begin; at < end; at++) {
    const byte = bytes[at] as number
    if (byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH) continue
    out.slice(bytes, begin, at)
    out.ascii(shortEscapes.get(byte) ?? `\\u00${HEX[byte >> 4]}${HEX[byte & 15]}`)
    begin = at + 1
  }
  out.slice(bytes, begin, end)
  out.byte(QUOTE)
  reader.at = end
}

function writeBase64(reader: WireReader, out: ByteWriter): void {
  const end = reader.varint() + reader.at
  out.ascii(`"${reader.bytes.toString('base64', reader.at, end)}"`)
  reader.at = end
}

/** A number up to 2^53, a string beyond: other readers would round it. */
function integerText(value: bigint): string {
  const safe = value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER
  return safe ? value.toString() : `"${value}"`
}

/** The shortest decimal that reads back as the same f32; null for what JSON has no number for. */
export function float32Text(value: number): string {
  if (!Number.isFinite(value)) return 'null'
  for (let digits = 6; digits < 9; digits++) {
    const text = value.toPrecision(digits)
    if (Math.fround(Number(text)) === value) return String(Number(text))
  }
  return String(Number(value.toPrecision(9)))
}

/** null for what JSON has no number for. */
export function float64Text(value: number): string {
  return Number.isFinite(value) ? String(value) : 'null'
}

function unZigZag(value: bigint): bigint {
  return (value & 1n) === 0n ? value >> 1n : -((value + 1n) >> 1n)
}
