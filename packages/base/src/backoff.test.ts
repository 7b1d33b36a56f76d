import assert from 'node:assert/strict'
import { test } from 'node:test'
import { backoffMs } from './backoff.ts'
import { seededRandom } from './random.ts'

test('pauses double up to the longest, each between half of it and all', () => {
  const random = seededRandom(1n)
  const whole = [10, 20, 40, 80, 100, 100]
  for (const [repetition, wholeMs] of [...whole.entries(), [5000, 100] as const]) {
    for (let draw = 0; draw < 100; draw++) {
      const pauseMs = backoffMs({ firstMs: 10, maxMs: 100 }, repetition, random)
      assert.ok(pauseMs >= wholeMs / 2 && pauseMs < wholeMs, `${pauseMs} of ${wholeMs}`)
    }
  }
})
