/** The simulated clock fires in order and only when told to. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SimClock } from './sim-clock.ts'

test('timers fire by due time, and equal ones in the order they were set', async () => {
  const clock = new SimClock()
  const fired: string[] = []
  clock.setTimer(5, () => fired.push('late'))
  clock.setTimer(2, () => fired.push('first of two'))
  clock.setTimer(2, () => fired.push('second of two'))
  await clock.advance(4)
  assert.deepEqual(fired, ['first of two', 'second of two'])
  await clock.advance(4)
  assert.deepEqual(fired, ['first of two', 'second of two', 'late'])
  assert.equal(clock.monotonicUs(), 8000)
})

test('promises settle between two timers', async () => {
  const clock = new SimClock()
  const seen: string[] = []
  clock.setTimer(1, () => void Promise.resolve().then(() => seen.push('after the first')))
  clock.setTimer(1, () => seen.push('the second'))
  await clock.advance(1)
  assert.deepEqual(seen, ['after the first', 'the second'])
})

test('a cancelled timer never fires', async () => {
  const clock = new SimClock()
  const cancel = clock.setTimer(1, () => assert.fail('cancelled'))
  cancel()
  await clock.advance(2)
})
