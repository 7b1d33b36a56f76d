import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Clock, sleep } from './clock.ts'
import { checkDeadline, deadlineAfter, withDeadline } from './deadline.ts'

/** A clock that moves only when told. */
function manualClock(): Clock & { advance(ms: number): void } {
  let nowUs = 0
  const timers = new Set<{ atUs: number; fire: () => void }>()
  return {
    nowMs: () => nowUs / 1000,
    monotonicUs: () => nowUs,
    setTimer(delayMs, fire) {
      const timer = { atUs: nowUs + delayMs * 1000, fire }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    advance(ms) {
      nowUs += ms * 1000
      for (const timer of [...timers]) {
        if (timer.atUs > nowUs) continue
        timers.delete(timer)
        timer.fire()
      }
    },
  }
}

test('a deadline counts down on its clock and then refuses further work', () => {
  const clock = manualClock()
  const deadline = deadlineAfter(clock, 100)
  clock.advance(60)
  assert.equal(deadline.remainingMs(), 40)
  checkDeadline(deadline, 'routing')
  clock.advance(50)
  assert.equal(deadline.remainingMs(), 0)
  assert.throws(() => checkDeadline(deadline, 'routing'), { reason: 'DEADLINE_EXCEEDED' })
})

test('withDeadline gives the outcome in time and DEADLINE_EXCEEDED after it', async () => {
  const clock = manualClock()
  const deadline = deadlineAfter(clock, 10)
  assert.equal(await withDeadline(clock, deadline, 'work', Promise.resolve(1)), 1)
  const late = withDeadline(clock, deadline, 'work', new Promise(() => {}))
  clock.advance(11)
  await assert.rejects(late, { reason: 'DEADLINE_EXCEEDED' })
})

test('sleep ends on its clock, or at once with the reason of its signal', async () => {
  const clock = manualClock()
  const slept = sleep(clock, 5)
  clock.advance(5)
  await slept
  const controller = new AbortController()
  const aborted = sleep(clock, 5, controller.signal)
  controller.abort(new Error('enough'))
  await assert.rejects(aborted, /enough/)
  await assert.rejects(sleep(clock, 5, controller.signal), /enough/)
})
