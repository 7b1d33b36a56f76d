import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom, testSeed } from '@vectron/base'
import { slowerShare } from './slower-share.ts'

test('Of equal kinds of calls about half are slower, of slower ones all, of ties half.', () => {
  const random = seededRandom(testSeed())
  const times = () => Array.from({ length: 200 }, () => random.nextFloat())
  assert.ok(Math.abs(slowerShare(times(), times()) - 0.5) < 0.15)
  const late = times().map((time) => time + 1)
  assert.equal(slowerShare(late, times()), 1)
  assert.equal(slowerShare(times(), late), 0)
  assert.equal(slowerShare([1, 1], [1, 1]), 0.5)
})
