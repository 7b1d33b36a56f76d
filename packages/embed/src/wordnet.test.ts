/** Proves the reading of WordNet's data files, on single lines and on all of them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSynset, readDefinitions } from './wordnet.ts'

test('a synset gives its words, and its gloss without the examples', () => {
  const line =
    '01635418 05 a 03 mud_puppy 0 afraid(p) 2 galore(ip) 0 001 @ 01631917 n 0000 | filled with ' +
    'fear; or worry; "afraid even to turn"; "suddenly"  '
  assert.deepEqual(parseSynset(line, 'a', 'adjective'), {
    id: 'a01635418',
    words: ['mud puppy', 'afraid', 'galore'],
    pos: 'adjective',
    definition: 'filled with fear; or worry',
  })
})

test('the count of words is hexadecimal', () => {
  const words = Array.from({ length: 16 }, (_, index) => `w${index} 0`).join(' ')
  const { words: parsed } = parseSynset(`00000001 00 n 10 ${words} 000 | x`, 'n', 'noun')
  assert.equal(parsed.length, 16)
  assert.equal(parsed.at(-1), 'w15')
})

test('the dictionary has 117,778 definitions with distinct ids, none empty', () => {
  const definitions = readDefinitions()
  assert.equal(definitions.length, 117_778)
  assert.equal(new Set(definitions.map(({ id }) => id)).size, definitions.length)
  assert.ok(definitions.every(({ words, definition }) => words.every(Boolean) && definition !== ''))
  const puppy = definitions.find(({ id }) => id === 'n01325095')
  assert.deepEqual(puppy?.words, ['puppy'])
  assert.equal(puppy?.definition, 'a young dog')
})
