/** How answers are compared, told about, and marked. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerWords } from './answer-words.ts'
import { Reservoir, recallWidths } from './measure-recall.ts'
import { markWords, queryWords } from './query-words.ts'
import { overlap, rankChanges } from './rank-changes.ts'

test('every result says how it stands compared with the other list', () => {
  assert.deepEqual(rankChanges(['c', 'b', 'x', 'a'], ['a', 'b', 'c']), [
    { kind: 'up', by: 2 },
    { kind: 'same' },
    { kind: 'absent' },
    { kind: 'down', by: 3 },
  ])
  assert.equal(overlap(['a', 'b'], ['b', 'c', 'd']), 0.5)
  assert.equal(overlap([], []), 1)
  assert.equal(overlap([], ['a']), 0)
})

test('whole words of the query are marked, in any case and number, and nothing is lost', () => {
  const words = queryWords('The young Dogs of St. Étienne')
  const text = 'A dog; young hot-dogs, youngster, ÉTIENNE the.'
  const pieces = markWords(text, words)
  assert.equal(pieces.map((piece) => piece.text).join(''), text)
  assert.deepEqual(
    pieces.filter(({ isHit }) => isHit).map((piece) => piece.text),
    ['dog', 'young', 'dogs', 'ÉTIENNE'],
  )
})

const WHOLE = {
  complete: true,
  shardsAnswered: 3,
  shardsTotal: 3,
  missing: [],
  warnings: [],
  cache: { hit: false, ageMs: 0, shared: false },
}

test('how far an answer can be relied on is said in words', () => {
  const say = (kind: 'exact' | 'approximate' | 'truncated', truncatedBy: string[] = []) =>
    answerWords({ ...WHOLE, completeness: { kind, truncatedBy } })
  assert.deepEqual(say('exact').lines, ['No nearer point exists.'])
  assert.match(say('approximate').lines.join(), /misses few.*exact/)
  const cut = answerWords({
    ...WHOLE,
    completeness: { kind: 'truncated', truncatedBy: ['shard 2 did not answer in time'] },
    complete: false,
    shardsAnswered: 2,
    missing: [{ shardId: 2, reason: 'TIMED_OUT', message: 'no answer in 900 ms' }],
  })
  assert.equal(cut.tone, 'warn')
  assert.equal(cut.title, 'Partial: 2 of 3 shards answered')
  assert.ok(cut.lines.includes('Shard 2 is missing: no answer in 900 ms'))
})

test('widths grow from the number of results and end at what the API takes', () => {
  assert.deepEqual(recallWidths(10), [10, 20, 40, 80, 160, 320, 640, 1280])
  assert.deepEqual(recallWidths(4000), [4000, 8000, 10_000])
})

test('each of a stream has the same chance to be drawn', () => {
  let state = 1
  const random = () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
  const drawn = new Array<number>(20).fill(0)
  for (let round = 0; round < 4000; round += 1) {
    const reservoir = new Reservoir<number>(5, random)
    for (let item = 0; item < 20; item += 1) reservoir.offer(item)
    assert.equal(new Set(reservoir.items).size, 5)
    for (const item of reservoir.items) drawn[item] = (drawn[item] ?? 0) + 1
  }
  // 1000 are expected of each, give or take 27 by one standard deviation.
  for (const count of drawn) assert.ok(Math.abs(count - 1000) < 150, String(drawn))
})
