import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BEGIN_MAX, TurnLine } from './turn-line.ts'

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
  const first = 2.5 * BEGIN_MAX
  for (let call = 0; call < first; call++) come(call)
  const seen = [begun.length]
  await turns.next()
  come(first)
  seen.push(begun.length)
  while (turns.areDue) {
    await turns.next()
    seen.push(begun.length)
  }
  assert.deepEqual(seen, [BEGIN_MAX, 2 * BEGIN_MAX, first + 1, first + 1])
  assert.deepEqual(
    begun,
    Array.from({ length: first + 1 }, (_, call) => call),
  )
  assert.equal(turns.line.wait(), undefined)
})
