import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fieldValues } from './field-values.ts'

function valuesOf(text: string, path: string): unknown[] {
  return fieldValues(Buffer.from(text), path).values.map(({ value }) => value)
}

test('Values are found by dotted paths, also in arrays and in objects within them.', () => {
  const text =
    '{"a":{"b":[1,"x",[true,null,{"c":2}],{"b":3}],"d":null},"a.b":4,"e":[{"f":5},{"f":6},7]}'
  assert.deepEqual(valuesOf(text, 'a.b'), [1n, 'x', true, 4n])
  assert.deepEqual(valuesOf(text, 'a.b.c'), [2n])
  assert.deepEqual(valuesOf(text, 'e.f'), [5n, 6n])
  assert.deepEqual(valuesOf(text, 'e'), [7n])
  for (const path of ['a', 'a.d', 'b', 'nothing', 'e.f.g'])
    assert.deepEqual(valuesOf(text, path), [])
  assert.deepEqual(valuesOf('', 'a'), [])
  const arrays = ['a.b', 'e.f', 'a.d', 'a'].map(
    (path) => fieldValues(Buffer.from(text), path).hasArray,
  )
  assert.deepEqual(arrays, [true, true, false, false])
})

test('Equal numbers are equal however they are written, and keep 64 bits.', () => {
  assert.deepEqual(valuesOf('{"n":[1e3,1000,1000.0,-0.0]}', 'n'), [1000n, 1000n, 1000n, 0n])
  const large = '{"n":[9223372036854775807,9223372036854775808,-9223372036854775808,1e300,0.5]}'
  assert.deepEqual(valuesOf(large, 'n'), [2n ** 63n - 1n, 2 ** 63, -(2n ** 63n), 1e300, 0.5])
})
