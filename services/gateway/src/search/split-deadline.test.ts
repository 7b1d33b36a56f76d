import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deadlineAfter } from '@vectron/base'
import { SimClock } from '@vectron/testkit'
import { fanOutDeadline } from './split-deadline.ts'

function msForShards(timeoutMs: number, reranks: boolean): number {
  const clock = new SimClock()
  const deadline = fanOutDeadline(clock, deadlineAfter(clock, timeoutMs), { reranks })
  return Math.round(deadline.remainingMs())
}

test('Shards have all but a tenth of the time, of which the reply needs little.', () => {
  assert.equal(msForShards(100, false), 90)
  assert.equal(msForShards(10_000, false), 9900)
})

test('A search that is reranked leaves a quarter of its time for that.', () => {
  assert.equal(msForShards(100, true), 65)
  assert.equal(msForShards(10_000, true), 7400)
})
