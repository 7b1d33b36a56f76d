/** Proves what a line of an import may look like, and what is said of one that is wrong. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseLine } from './jsonl.ts'

/** The point of a line. */
function point(line: string) {
  const row = parseLine(line, 7)
  assert.equal(row.kind, 'point')
  return row.kind === 'point' ? row.point : assert.fail()
}

/** What is wrong with a line. */
function problem(line: string): string {
  const row = parseLine(line, 7)
  return row.kind === 'problem' ? row.problem : assert.fail(line)
}

test('vector or text, payload named or made of the other keys, id or row number', () => {
  assert.deepEqual(point('{"id":"a","vector":[1,2],"payload":{"x":1}}'), {
    id: 'a',
    vector: [1, 2],
    payload: { x: 1 },
  })
  assert.deepEqual(point('{"id":5,"text":"hello","year":2024}'), {
    id: '5',
    text: 'hello',
    payload: { year: 2024 },
  })
  assert.equal(point('{"vector":[1]}').id, '7')
})

test('a time of expiry stands beside a payload that is named', () => {
  const expireTime = '2026-12-31T00:00:00.000Z'
  const named = point(`{"id":"a","vector":[1],"payload":{},"expireTime":"${expireTime}"}`)
  assert.deepEqual([named.payload, named.expireTime], [{}, expireTime])
  const unnamed = point(`{"id":"a","vector":[1],"expireTime":"${expireTime}"}`)
  assert.deepEqual([unnamed.payload, unnamed.expireTime], [{ expireTime }, undefined])
})

test('a vector may be base64 of little-endian f32', () => {
  const { vector } = point('{"id":"a","vector":"AACAPwAAAEA="}') as { vector: Float32Array }
  assert.deepEqual([...vector], [1, 2])
})

test('wrong lines are told apart', () => {
  assert.match(problem('{"id":'), /not valid JSON/)
  assert.match(problem('[1]'), /not a JSON object/)
  assert.match(problem('{"id":{},"vector":[1]}'), /the id/)
  assert.match(problem('{"id":"a"}'), /neither/)
  assert.match(problem('{"id":"a","vector":[1,"2"]}'), /neither/)
  assert.match(problem('{"id":"a","vector":"%%"}'), /neither/)
})
