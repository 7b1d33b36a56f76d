import assert from 'node:assert/strict'
import { test } from 'node:test'
import { logIndex } from '@vectron/base'
import { ApplyQueue } from './apply-queue.ts'

const ENTRY = { index: 1n, term: 1n, kind: 'command', data: new Uint8Array(1) } as const

/** A queue whose state machine waits with its first batch until told how it ends. */
function stuckQueue() {
  const apply = Promise.withResolvers<readonly unknown[]>()
  const failures: unknown[] = []
  const queue = new ApplyQueue({
    stateMachine: { appliedIndex: logIndex(0n), apply: () => apply.promise },
    bytesMax: 1000,
    applyConfChange: async () => {},
    install: async () => {},
    onApplied: () => {},
    onFailed: (error) => failures.push(error),
  })
  queue.push([ENTRY])
  return { queue, apply, failures }
}

test('an apply that fails fails the replica', async () => {
  const { queue, apply, failures } = stuckQueue()
  const failure = new Error('torn page')
  apply.reject(failure)
  await new Promise(setImmediate)
  assert.deepEqual(failures, [failure])
  await queue.close()
})

test('an apply that is given up because the replica closes is no failure', async () => {
  const { queue, apply, failures } = stuckQueue()
  const closed = queue.close()
  apply.reject(new Error('no room on the disk'))
  await closed
  assert.deepEqual(failures, [])
})
