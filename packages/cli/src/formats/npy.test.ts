/** Proves which NumPy headers are read and which are refused, with the reason. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseNpyHeader } from './npy.ts'

function header(text: string, version = 1): Buffer {
  const length = Buffer.alloc(version === 1 ? 2 : 4)
  if (version === 1) length.writeUInt16LE(text.length)
  else length.writeUInt32LE(text.length)
  const magic = Buffer.from(`\x93NUMPY${String.fromCharCode(version)}\0`, 'latin1')
  return Buffer.concat([magic, length, Buffer.from(text, 'latin1')])
}

const dictionary = (descr: string, order: string, shape: string) =>
  `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }\n`

test('versions 1 and 2, f4 and f8, either byte order', () => {
  const first = dictionary('<f4', 'False', '(10, 3)')
  assert.deepEqual(parseNpyHeader(header(first), 'x.npy'), {
    start: 10 + first.length,
    rows: 10,
    dimension: 3,
    bytesPerComponent: 4,
    littleEndian: true,
  })
  const second = parseNpyHeader(header(dictionary('>f8', 'False', '(2, 5)'), 2), 'x.npy')
  assert.equal(second.bytesPerComponent, 8)
  assert.equal(second.littleEndian, false)
  assert.equal(second.rows * second.dimension, 10)
})

test('what cannot be read is refused with the reason', () => {
  const refuses = (bytes: Buffer, why: RegExp) =>
    assert.throws(() => parseNpyHeader(bytes, 'x.npy'), why)
  refuses(Buffer.from('not numpy at all'), /not a \.npy file/)
  refuses(header(dictionary('<i4', 'False', '(10, 3)')), /<i4/)
  refuses(header(dictionary('<f4', 'True', '(10, 3)')), /Fortran/)
  refuses(header(dictionary('<f4', 'False', '(10,)')), /two dimensions/)
})
