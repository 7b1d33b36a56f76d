// Vectors as bytes: from an encoded vectron.v1.Vector to its little-endian f32, without touching
// the floats. Leaves to the gateway: dimension, finiteness.
//
// A Vector is one field of wire type 2: `floats` (1), itself a message with one packed run of
// floats, or `f32` (2), the bytes at once. Both lie in the buffer as they are wanted, so the answer
// is a view. Everything else that protobuf allows (several runs, unpacked floats, a repeated field,
// unknown fields) is decoded by the public schema and packed again: slower, and just as right.

import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { type Vector, VectorSchema } from './gen/vectron/v1/vector_pb.js'

const tagField1 = 0x0a
const tagField2 = 0x12

// The components of an encoded Vector as little-endian f32, a view of `encoded` where possible.
// undefined: neither `floats` nor `f32` is set. Throws on bytes that are no Vector. The length of
// the answer may be no multiple of 4 when the caller sent such an `f32`.
export function parseVector(encoded: Uint8Array): Uint8Array | undefined {
  const tag = encoded[0]
  const data = wholeField(encoded)
  if (data !== undefined && tag === tagField2) return data
  if (data !== undefined && tag === tagField1) {
    if (data.length === 0) return data
    const packed = data[0] === tagField1 ? wholeField(data) : undefined
    if (packed !== undefined) return packed
  }
  return packDecoded(fromBinary(VectorSchema, encoded))
}

// An encoded Vector for little-endian f32 components.
export function encodeVector(f32: Uint8Array): Uint8Array {
  return toBinary(VectorSchema, create(VectorSchema, { data: { case: 'f32', value: f32 } }))
}

// The content of a buffer that is one length-delimited field from end to end, else undefined.
function wholeField(bytes: Uint8Array): Uint8Array | undefined {
  let length = 0
  let at = 1
  for (let shift = 0; shift <= 28; shift += 7) {
    const byte = bytes[at++]
    if (byte === undefined) return undefined
    length += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) return at + length === bytes.length ? bytes.subarray(at) : undefined
  }
  return undefined
}

function packDecoded(vector: Vector): Uint8Array | undefined {
  switch (vector.data.case) {
    case undefined:
      return undefined
    case 'f32':
      return vector.data.value
    case 'floats': {
      const { values } = vector.data.value
      const packed = new DataView(new ArrayBuffer(4 * values.length))
      values.forEach((value, i) => {
        packed.setFloat32(4 * i, value, true)
      })
      return new Uint8Array(packed.buffer)
    }
  }
}
