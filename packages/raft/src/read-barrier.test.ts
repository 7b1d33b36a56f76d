/** Readers share a question; its answer serves them and nobody later; silence is asked again. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Deadline, logIndex, toHex } from '@vectron/base'
import { ReadBarrier } from './read-barrier.ts'

const RETRY_TICKS = 3
const ample: Deadline = { remainingMs: () => 1000, passed: false }

function createBarrier() {
  const asked: Uint8Array[] = []
  const state = { applied: 10n, answers: true }
  const barrier = new ReadBarrier({
    bootEpoch: 1n,
    retryTicks: RETRY_TICKS,
    ask: (context) => {
      if (state.answers) asked.push(context)
      return state.answers
    },
    applied: () => logIndex(state.applied),
  })
  return { barrier, asked, state }
}

test('a reader that comes during a question is not served by its answer', async () => {
  const { barrier, asked } = createBarrier()
  const first = barrier.pass(ample)
  const second = barrier.pass(ample)
  assert.equal(asked.length, 1)
  barrier.answer(asked[0]!, logIndex(7n))
  assert.equal(await first, 7n)
  assert.equal(asked.length, 2, 'the second reader has a question of its own')
  barrier.answer(asked[1]!, logIndex(9n))
  assert.equal(await second, 9n)
})

test('an answer waits until its index is applied', async () => {
  const { barrier, asked, state } = createBarrier()
  let passed = false
  const reading = barrier.pass(ample).then(() => {
    passed = true
  })
  barrier.answer(asked[0]!, logIndex(12n))
  await Promise.resolve()
  assert.equal(passed, false)
  state.applied = 12n
  barrier.onApplied()
  await reading
})

test('a question without an answer is asked again under another name', async () => {
  const { barrier, asked, state } = createBarrier()
  state.answers = false
  const reading = barrier.pass(ample)
  assert.equal(asked.length, 0)
  state.answers = true
  barrier.onTick()
  for (let tick = 0; tick < RETRY_TICKS; tick++) barrier.onTick()
  assert.equal(asked.length, 2)
  assert.notEqual(toHex(asked[0]!), toHex(asked[1]!))
  barrier.answer(asked[0]!, logIndex(3n))
  barrier.answer(asked[1]!, logIndex(8n))
  assert.equal(await reading, 8n)
})

test('a reader whose time is up is told, and the others go on', async () => {
  const { barrier, asked } = createBarrier()
  const late = barrier.pass({ remainingMs: () => 0, passed: true })
  const patient = barrier.pass(ample)
  barrier.onTick()
  await assert.rejects(late, { reason: 'DEADLINE_EXCEEDED' })
  barrier.answer(asked[0]!, logIndex(1n))
  barrier.answer(asked[1]!, logIndex(2n))
  assert.equal(await patient, 2n)
})
