/** Every event once, newest first, however often the stream tells it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClusterEvent } from '@vectron/client'
import { joinEvents } from './join-events.ts'

function event(eventId: number): ClusterEvent {
  return { eventId, time: '', text: '', workerId: 0, shardId: 0, operatorId: 0 }
}

const idsOf = (events: readonly ClusterEvent[]) => events.map(({ eventId }) => eventId)

test('what is told again is known', () => {
  const first = joinEvents([], [event(1), event(2)])
  assert.deepEqual(idsOf(first), [2, 1])
  assert.equal(joinEvents(first, [event(1)]), first)
  assert.deepEqual(idsOf(joinEvents(first, [event(1), event(2), event(3)])), [3, 2, 1])
})

test('the oldest go when there are too many', () => {
  const many = Array.from({ length: 1200 }, (_, index) => event(index))
  const kept = idsOf(joinEvents([], many))
  assert.deepEqual([kept.length, kept[0], kept.at(-1)], [1000, 1199, 200])
})
