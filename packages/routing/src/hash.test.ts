import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashId } from './hash.ts'

test('The hash is XXH64 with seed 0: stored points are found by it for ever.', () => {
  // Test vectors of the xxHash specification and of its reference implementation.
  assert.equal(hashId(''), 0xef46db3751d8e999n)
  assert.equal(hashId('a'), 0xd24ec4f1a98c6e5bn)
  assert.equal(hashId('abc'), 0x44bc2cf5ad770999n)
})

test('The hash is over UTF-8 bytes, whatever the text.', () => {
  assert.equal(hashId('ü'), hashId('\u00fc'))
  assert.notEqual(hashId('ü'), hashId('u\u0308'))
})
