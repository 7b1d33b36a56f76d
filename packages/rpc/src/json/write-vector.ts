/**
 * The messages of vectron.v1 that have a JSON form of their own, in answers: Vector as an array of
 * numbers, Scalar as the bare value.
 */

import { ScalarType } from '@bufbuild/protobuf'
import { type ByteWriter, WIRE } from './byte-writer.ts'
import type { WireReader } from './wire-reader.ts'
import { float32Text, float64Text, writeScalar, writeString } from './write-value.ts'

// Field numbers of vectron.v1.Vector, Floats and Scalar.
const VECTOR = { floats: 1, f32: 2 } as const
const SCALAR = { string: 1, integer: 2, float: 3, bool: 4 } as const

/** Writes the components of the Vector that ends at `end`. */
export function writeVector(reader: WireReader, end: number, out: ByteWriter): void {
  out.byte(0x5b)
  let first = true
  const component = () => {
    if (!first) out.byte(0x2c)
    first = false
    out.ascii(float32Text(reader.float32()))
  }
  while (reader.at < end) {
    const tag = reader.varint()
    const wireType = tag & 7
    if (tag >>> 3 === VECTOR.f32) writeRun(reader, component)
    else if (tag >>> 3 === VECTOR.floats) writeFloats(reader, component)
    else reader.skip(wireType)
  }
  out.byte(0x5d)
}

/** A Floats message: packed runs or single floats. */
function writeFloats(reader: WireReader, component: () => void): void {
  const end = reader.varint() + reader.at
  while (reader.at < end) {
    const tag = reader.varint()
    const wireType = tag & 7
    if (tag >>> 3 !== 1) reader.skip(wireType)
    else if (wireType === WIRE.delimited) writeRun(reader, component)
    else component()
  }
}

function writeRun(reader: WireReader, component: () => void): void {
  const end = reader.varint() + reader.at
  while (reader.at + 4 <= end) component()
  reader.at = end
}

/** Writes the value of the Scalar that ends at `end`; null when none is set. */
export function writeBareScalar(reader: WireReader, end: number, out: ByteWriter): void {
  const start = out.length
  out.ascii('null')
  while (reader.at < end) {
    const tag = reader.varint()
    out.truncate(start)
    switch (tag >>> 3) {
      case SCALAR.string:
        writeString(reader, out)
        break
      case SCALAR.integer:
        writeScalar(ScalarType.INT64, reader, out)
        break
      case SCALAR.float:
        out.ascii(float64Text(reader.float64()))
        break
      case SCALAR.bool:
        writeScalar(ScalarType.BOOL, reader, out)
        break
      default:
        out.ascii('null')
        reader.skip(tag & 7)
    }
  }
}
