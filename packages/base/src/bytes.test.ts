import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  bytesEqual,
  concatBytes,
  f32FromBytes,
  f32ToBytes,
  parseBase64Url,
  toBase64Url,
  u64FromBytes,
  u64ToBytes,
  u64ToHex,
} from './bytes.ts'

test('64-bit integers keep all their bits', () => {
  for (const value of [0n, 1n, 2n ** 53n + 1n, 2n ** 64n - 1n]) {
    assert.equal(u64FromBytes(u64ToBytes(value)), value)
    assert.equal(BigInt(`0x${u64ToHex(value)}`), value)
  }
  assert.throws(() => u64FromBytes(new Uint8Array(7)), RangeError)
})

test('floats are read from any offset', () => {
  const bytes = concatBytes([new Uint8Array(1), f32ToBytes([1.5, -2])])
  assert.deepEqual([...f32FromBytes(bytes.subarray(1))], [1.5, -2])
  assert.deepEqual([...f32FromBytes(Buffer.from(bytes).subarray(1))], [1.5, -2])
})

test('base64url round-trips and refuses what is none', () => {
  const bytes = Uint8Array.of(0, 251, 255, 7)
  const parsed = parseBase64Url(toBase64Url(bytes))
  assert.ok(parsed !== undefined && bytesEqual(parsed, bytes))
  for (const text of ['a', 'ab=', 'a b', 'é', 'ab+/']) assert.equal(parseBase64Url(text), undefined)
})
