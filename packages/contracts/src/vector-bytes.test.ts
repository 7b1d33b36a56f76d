// Proves that parseVector() reads every encoding of a Vector that protobuf allows.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, toBinary } from '@bufbuild/protobuf'
import { VectorSchema } from './gen/vectron/v1/vector_pb.js'
import { encodeVector, parseVector } from './vector-bytes.ts'

const components = [1.5, -2.25, 0, 3e38]
const f32 = new Uint8Array(Float32Array.from(components).buffer)

// A length-delimited field.
function field(number: number, content: Uint8Array | number[]): number[] {
  assert.ok(content.length < 128)
  return [(number << 3) | 2, content.length, ...content]
}

// One unpacked float of field 1.
function unpackedFloat(value: number): number[] {
  return [(1 << 3) | 5, ...new Uint8Array(Float32Array.of(value).buffer)]
}

test('packed floats are answered as a view of the message', () => {
  const data = { case: 'floats', value: { values: components } } as const
  const encoded = toBinary(VectorSchema, create(VectorSchema, { data }))
  const parsed = parseVector(encoded)
  assert.deepEqual(parsed, f32)
  assert.equal(parsed?.buffer, encoded.buffer)
})

test('f32 bytes are answered as a view of the message', () => {
  const encoded = encodeVector(f32)
  assert.deepEqual(parseVector(encoded), f32)
  assert.equal(parseVector(encoded)?.buffer, encoded.buffer)
})

test('a long vector has a length of several bytes', () => {
  const long = new Uint8Array(4 * 8192).fill(1)
  assert.deepEqual(parseVector(encodeVector(long)), long)
})

test('unpacked floats, runs in parts and mixtures are packed', () => {
  const unpacked = Uint8Array.from(field(1, components.flatMap(unpackedFloat)))
  assert.deepEqual(parseVector(unpacked), f32)
  const parts = [...field(1, f32.subarray(0, 8)), ...field(1, f32.subarray(8))]
  assert.deepEqual(parseVector(Uint8Array.from(field(1, parts))), f32)
  const mixed = [...field(1, f32.subarray(0, 12)), ...unpackedFloat(3e38)]
  assert.deepEqual(parseVector(Uint8Array.from(field(1, mixed))), f32)
})

test('unknown fields are skipped, and of the oneof the last field counts', () => {
  const unknown = [...field(9, [1, 2, 3]), ...field(2, f32)]
  assert.deepEqual(parseVector(Uint8Array.from(unknown)), f32)
  const both = [...field(1, field(1, f32.subarray(4))), ...field(2, f32)]
  assert.deepEqual(parseVector(Uint8Array.from(both)), f32)
})

test('nothing set is undefined, an empty list of floats is empty', () => {
  assert.equal(parseVector(new Uint8Array(0)), undefined)
  assert.deepEqual(parseVector(Uint8Array.from(field(1, []))), new Uint8Array(0))
  assert.deepEqual(parseVector(Uint8Array.from(field(2, []))), new Uint8Array(0))
})

test('bytes that are no Vector throw', () => {
  for (const bytes of [[0x0a, 5, 1], [0x12], [0xff, 0xff], field(1, [0x0d, 1]), [0x0a, 2, 0, 0]]) {
    assert.throws(() => parseVector(Uint8Array.from(bytes)), `${bytes}`)
  }
})
