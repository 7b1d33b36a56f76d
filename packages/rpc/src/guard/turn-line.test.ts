import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TurnLine } from './turn-line.ts'

const BEGIN_MAX = 16

/** Turns that begin when the test says so. */
function manualTurns() {
  const due: (() => void)[] = []
  return {
    line: new TurnLine((run) => due.push(run)),
    async next() {
      for (const run of due.splice(0)) run()
      await Promise.resolve()
    },
    get areDue() {
      return due.length > 0
    },
  }
}

test('Few calls begin at once.', () => {
  const { line } = manualTurns()
  for (let at = 0; at < BEGIN_MAX; at++) assert.equal(line.wait(), undefined)
  assert.ok(line.wait() instanceof Promise)
})

test('Many calls begin in their order, some in each turn, before those that come later.', async () => {
  const turns = manualTurns()
  const begun: number[] = []
  const come = (call: number) => {
    const wait = turns.line.wait()
    if (wait === undefined) begun.push(call)
    else wait.then(() => begun.push(call))
  }
  for (let call = 0; call < 40; call++) come(call)
  const seen = [begun.length]
  await turns.next()
  come(40)
  seen.push(begun.length)
  while (turns.areDue) {
    await turns.next()
    seen.push(begun.length)
  }
  assert.deepEqual(seen, [16, 32, 41, 41])
  assert.deepEqual(
    begun,
    Array.from({ length: 41 }, (_, call) => call),
  )
  assert.equal(turns.line.wait(), undefined)
})
