// Proves that a selection of fields is what it says, by a plain one over parsed JSON, and that what
// stays is as it was written.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Random, seededRandom, testSeed } from '@vectron/base'
import { type FieldSelection, FieldSelector } from './select-fields.ts'

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

function select(text: string, selection: Partial<FieldSelection>): string {
  const selector = new FieldSelector({ include: [], exclude: [], ...selection })
  return Buffer.from(selector.select(Buffer.from(text))).toString()
}

test('What stays is as it was written: order, numbers, escapes, repeated keys.', () => {
  const text =
    '{ "big": 12345678901234567890, "e":1.50e+3, "\\u0061b" : "\\u00fc", "n":-0.0 , "n":1}'
  assert.equal(
    select(text, { exclude: ['e'] }).replaceAll(' ', ''),
    '{"big":12345678901234567890,"\\u0061b":"\\u00fc","n":-0.0,"n":1}',
  )
  assert.equal(select(text, { include: ['ab'] }), '{"\\u0061b" : "\\u00fc"}')
  assert.equal(select(text, { include: ['n'] }), '{"n":-0.0,"n":1}')
  assert.equal(select('', { include: ['n'] }), '')
  assert.equal(select('{}', { exclude: ['n'] }), '{}')
})

test('Paths go into objects, and into the items of arrays.', () => {
  const text = '{"a":{"b":1,"c":[{"d":2,"e":3},4,[{"d":5}]]},"a.b":6,"f":null}'
  assert.equal(select(text, { include: ['a.b'] }), '{"a":{"b":1},"a.b":6}')
  assert.equal(select(text, { include: ['a.c.d'] }), '{"a":{"c":[{"d":2},[{"d":5}]]}}')
  assert.equal(
    select(text, { exclude: ['a.c.d', 'f'] }),
    '{"a":{"b":1,"c":[{"e":3},4,[{}]]},"a.b":6}',
  )
  assert.equal(select(text, { include: ['a'], exclude: ['a.c'] }), '{"a":{"b":1}}')
  assert.equal(select(text, { include: ['f.x', 'nothing'] }), '{}')
})

test('A selection equals one over parsed JSON, for random payloads and paths.', () => {
  const seed = testSeed()
  const random = seededRandom(seed)
  for (let round = 0; round < 2000; round++) {
    const payload = randomObject(random, 0)
    const paths = () => Array.from({ length: random.nextBelow(4) }, () => randomPath(random))
    const selection = { include: paths(), exclude: paths() }
    const found = JSON.parse(select(JSON.stringify(payload), selection))
    const expected = plainSelect(payload, selection, '', selection.include.length === 0)
    const replay = `VECTRON_SEED=${seed} ${JSON.stringify({ payload, selection })}`
    assert.deepEqual(found, expected, replay)
  }
})

const KEYS = ['a', 'b', 'c', 'a.b']

function randomPath(random: Random): string {
  const keys = Array.from({ length: 1 + random.nextBelow(3) }, () => KEYS[random.nextBelow(4)])
  return keys.join('.')
}

function randomObject(random: Random, depth: number): { [name: string]: Json } {
  const keys = KEYS.filter(() => random.nextBelow(2) === 0)
  return Object.fromEntries(keys.map((key) => [key, randomValue(random, depth + 1)]))
}

function randomValue(random: Random, depth: number): Json {
  const kind = random.nextBelow(depth > 3 ? 2 : 5)
  if (kind === 0) return random.nextBelow(100)
  if (kind === 1) return null
  if (kind < 4) return randomObject(random, depth)
  return Array.from({ length: random.nextBelow(3) }, () => randomValue(random, depth + 1))
}

function plainSelect(value: Json, selection: FieldSelection, path: string, kept: boolean): Json {
  if (Array.isArray(value)) {
    return value
      .filter((item) => kept || isDeep(item))
      .map((item) => (isDeep(item) ? plainSelect(item, selection, path, kept) : item))
  }
  const { include, exclude } = selection
  const fields: { [name: string]: Json } = {}
  for (const [key, inner] of Object.entries(value as object)) {
    const field = path === '' ? key : `${path}.${key}`
    const isKept = kept || include.includes(field)
    const leadsOn = include.some((each) => each.startsWith(`${field}.`))
    if (exclude.includes(field) || !(isKept || (leadsOn && isDeep(inner)))) continue
    fields[key] = isDeep(inner) ? plainSelect(inner, selection, field, isKept) : inner
  }
  return fields
}

function isDeep(value: Json): boolean {
  return typeof value === 'object' && value !== null
}
