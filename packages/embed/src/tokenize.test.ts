/** Proves how text is cut into words, and what unknown words fall back to. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { backOffs, splitParts, splitWords } from './tokenize.ts'

test('words are lower case, and keep inner hyphens and apostrophes', () => {
  const words = splitWords('A well-known Dog’s life: café, 3.5 "ok"!')
  assert.deepEqual(words, ['a', 'well-known', "dog's", 'life', 'café', '3.5', 'ok'])
  assert.deepEqual(splitWords('  ...  '), [])
})

test('a word with hyphens or an apostrophe has parts', () => {
  assert.deepEqual(splitParts('light-avoiding'), ['light', 'avoiding'])
  assert.deepEqual(splitParts('dog'), ['dog'])
})

test('back-off tries the plain letters, then stems, then compounds', () => {
  assert.deepEqual([...backOffs('naïve')].at(0), ['naive'])
  const fish = [...backOffs('flagfishes')]
  const stem = fish.findIndex((list) => list.join() === 'flagfish')
  const compound = fish.findIndex((list) => list.join() === 'flag,fishes')
  assert.ok(stem >= 0 && compound > stem)
})

test('short words have no back-off', () => {
  assert.deepEqual([...backOffs('is')], [])
})
