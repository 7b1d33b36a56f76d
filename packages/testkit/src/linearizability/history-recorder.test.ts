import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SimClock } from '../sim-clock.ts'
import { HistoryRecorder } from './history-recorder.ts'
import type { RegisterInput, RegisterOutput } from './register-model.ts'

test('keeps calls with their times, leaves out what was refused, counts open ones as unknown', async () => {
  const clock = new SimClock()
  const recorder = new HistoryRecorder<RegisterInput, RegisterOutput>(clock)
  const call = (client: number) =>
    recorder.call({ client, key: 'k', input: { kind: 'write', value: `of ${client}` } })
  const first = call(1)
  await clock.advance(2)
  const second = call(2)
  const third = call(3)
  call(4)
  await clock.advance(3)
  first.returned({ kind: 'written' })
  second.unknown()
  third.refused()
  assert.deepEqual(
    recorder.history().map(({ client, calledUs, outcome }) => [client, calledUs, outcome.kind]),
    [
      [1, 0, 'returned'],
      [2, 2000, 'unknown'],
      [4, 2000, 'unknown'],
    ],
  )
  assert.throws(() => first.unknown(), /ended twice/)
})
