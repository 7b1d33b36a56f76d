import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom, testSeed } from '@vectron/base'
import { vectron } from '@vectron/contracts'
import { advance, encodePosition, isBehind, parsePosition } from './page-position.ts'

const { COSINE, DOT, L2 } = vectron.Metric

test('A position is read back as it was; nothing else is one.', () => {
  const position = advance(undefined, COSINE, [
    { score: 0.75, id: 'a' },
    { score: 0.5, id: 'b' },
    { score: 0.5, id: 'ü' },
  ])
  assert.ok(position)
  assert.deepEqual([position.lastScore, position.given, position.near.size], [0.5, 3, 2])
  const text = encodePosition(position)
  assert.deepEqual(parsePosition(text), position)
  for (const other of ['', 'AAAA', `${text}AA`, '%']) assert.equal(parsePosition(other), undefined)
})

test('What was given is not behind, and all else about as near or farther is.', () => {
  const seed = testSeed()
  const random = seededRandom(seed)
  for (const metric of [COSINE, DOT, L2]) {
    const sign = metric === L2 ? 1 : -1
    for (let round = 0; round < 200; round++) {
      const hits = Array.from({ length: 12 }, (_, n) => ({
        id: `p${n}`,
        score: Math.fround(sign * Math.floor(random.nextFloat() * 6) + 0.125),
      })).sort((a, b) => sign * (a.score - b.score))
      const given = 1 + random.nextBelow(hits.length)
      const cut = random.nextBelow(given)
      const before = advance(undefined, metric, hits.slice(0, cut))
      const position = advance(before, metric, hits.slice(cut, given))
      assert.ok(position)
      // Another replica may round a score otherwise.
      const rounded = (score: number) => score * (1 + (random.nextFloat() - 0.5) * 2 ** -20)
      const behind = hits.filter(({ id, score }) =>
        isBehind(position, metric, { score: rounded(score), id: () => id }),
      )
      assert.deepEqual(behind, hits.slice(given), `VECTRON_SEED=${seed}`)
    }
  }
})
