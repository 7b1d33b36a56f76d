import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, toBinary } from '@bufbuild/protobuf'
import { f32FromBytes, f32ToBytes } from '@vectron/base'
import { encodeVector, vectron } from '@vectron/contracts'
import { checkId, checkPayload, takeVector, type VectorRule } from './check-point.ts'

const rule: VectorRule = { collection: 'words', dimension: 3, metric: vectron.Metric.COSINE }
const field = () => 'points[3].vector'

function encodeFloats(values: number[]): Uint8Array {
  const vector = create(vectron.VectorSchema, { data: { case: 'floats', value: { values } } })
  return toBinary(vectron.VectorSchema, vector)
}

test('A vector is taken from floats and from bytes alike, at any alignment.', () => {
  for (const encoded of [encodeFloats([1, -2, 3]), encodeVector(f32ToBytes([1, -2, 3]))]) {
    for (let shift = 0; shift < 4; shift++) {
      const shifted = new Uint8Array(encoded.length + shift).subarray(shift)
      shifted.set(encoded)
      assert.deepEqual([...f32FromBytes(takeVector(shifted, rule, field))], [1, -2, 3])
    }
  }
})

test('Wrong vectors are refused with the field and the values at fault.', () => {
  const refuses = (encoded: Uint8Array, reason: string, message: RegExp) =>
    assert.throws(() => takeVector(encoded, rule, field), { reason, message, field: field() })
  refuses(encodeFloats([1, 2]), 'WRONG_DIMENSION', /points\[3\]\.vector has 2 .*"words" has 3/)
  refuses(encodeFloats([1, 2, 3, 4]), 'WRONG_DIMENSION', /has 4 components/)
  refuses(encodeFloats([1, Number.NaN, 3]), 'NOT_FINITE', /component 1 is NaN/)
  refuses(encodeFloats([1, 2, -Infinity]), 'NOT_FINITE', /component 2 is -Infinity/)
  refuses(encodeFloats([0, -0, 0]), 'ZERO_VECTOR', /all zeros/)
  refuses(encodeVector(new Uint8Array(7)), 'INVALID_VECTOR', /7 bytes/)
  refuses(new Uint8Array(), 'MISSING_FIELD', /neither/)
  refuses(Uint8Array.of(0x0a, 0x7f), 'INVALID_VECTOR', /no encoded vector/)
})

test('A zero vector has a place under the metrics that need no direction.', () => {
  for (const metric of [vectron.Metric.DOT, vectron.Metric.L2]) {
    assert.equal(takeVector(encodeFloats([0, 0, 0]), { ...rule, metric }, field).length, 12)
  }
})

test('An id has 1 to 512 bytes, however many characters these are.', () => {
  checkId('a', () => 'id')
  checkId('x'.repeat(512), () => 'id')
  checkId('ü'.repeat(256), () => 'id')
  for (const id of ['', 'x'.repeat(513), 'ü'.repeat(257), '😀'.repeat(129)]) {
    assert.throws(() => checkId(id, () => 'id'), { reason: 'INVALID_ID', field: 'id' })
  }
})

test('A payload is one JSON object, at most 32 levels deep and 1 MiB long.', () => {
  const check = (text: string) => checkPayload(Buffer.from(text), () => 'points[0].payload')
  const nested = (levels: number) => `${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`
  check('')
  check('{"a":[1,2,{"b":null}]}')
  check(nested(32))
  check(`{"a":[${'{},'.repeat(100)}{}]}`)
  for (const text of ['1', 'null', '[]', '"x"', '{', '{"a":1}x', nested(33)]) {
    assert.throws(() => check(text), { reason: 'INVALID_PAYLOAD' }, text.slice(0, 40))
  }
  assert.throws(() => check(`{"a":"${'x'.repeat(1024 * 1024)}"}`), { reason: 'INVALID_PAYLOAD' })
  const broken = Buffer.from('{"a":"\xff"}', 'latin1')
  assert.throws(() => checkPayload(broken, () => 'p'), { reason: 'INVALID_UTF8' })
})
