/** Which expired points a leader frees, when, and how it goes on after what fails. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import type { Clock } from '@vectron/base'
import { engine } from '@vectron/contracts'
import type { ShardEngine } from '@vectron/native'
import { freeExpired } from './free-expired.ts'

const NOW_MS = 1234.5

/** One timer at a time, fired by hand. */
class HandClock implements Clock {
  #fire: (() => void) | undefined
  delayMs: number | undefined

  nowMs(): number {
    return NOW_MS
  }

  monotonicUs(): number {
    return 0
  }

  setTimer(delayMs: number, fire: () => void): () => void {
    this.delayMs = delayMs
    this.#fire = fire
    return () => {
      this.#fire = undefined
    }
  }

  async fire(): Promise<void> {
    const fire = this.#fire
    this.#fire = undefined
    fire?.()
    await new Promise((resolve) => setImmediate(resolve))
  }

  get isSet(): boolean {
    return this.#fire !== undefined
  }
}

/** An engine whose expired points are those of a list. */
function engineOf(expired: string[]): ShardEngine {
  const answer = async (request: Uint8Array): Promise<Uint8Array> => {
    const { read } = fromBinary(engine.ReadRequestSchema, request)
    const limit = read.case === 'expired' ? read.value.limit : 0
    const points = expired.slice(0, limit).map((id) => ({ id }))
    return toBinary(engine.ReadResultSchema, create(engine.ReadResultSchema, { points }))
  }
  const part: Pick<ShardEngine, 'hasExpired' | 'read'> = {
    hasExpired: () => expired.length > 0,
    read: answer,
  }
  return part as ShardEngine
}

test('A leader frees what has expired by now, in batches without a pause, and then waits.', async () => {
  const clock = new HandClock()
  const expired = Array.from({ length: 1500 }, (_, n) => `p${n}`)
  const batches: number[] = []
  const stop = freeExpired({
    clock,
    leading: () => engineOf(expired),
    propose: async (encoded) => {
      const { command, timeMs } = fromBinary(engine.WriteCommandSchema, encoded)
      assert.equal(timeMs, 1234n)
      assert.equal(command.case, 'delete')
      if (command.case !== 'delete') return
      assert.equal(command.value.expiredByMs, 1234n)
      assert.deepEqual(command.value.ids, expired.splice(0, command.value.ids.length))
      batches.push(command.value.ids.length)
    },
  })
  const delays: (number | undefined)[] = []
  for (let look = 0; look < 4; look++) {
    delays.push(clock.delayMs)
    await clock.fire()
  }
  assert.deepEqual(
    [batches, delays],
    [
      [1000, 500],
      [1000, 0, 1000, 1000],
    ],
  )
  stop()
  assert.equal(clock.isSet, false)
})

test('Who does not lead frees nothing, and what fails is tried again.', async () => {
  const clock = new HandClock()
  let leads = false
  let tries = 0
  const stop = freeExpired({
    clock,
    leading: () => (leads ? engineOf(['a']) : undefined),
    propose: async () => {
      tries++
      throw new Error('another one leads')
    },
  })
  await clock.fire()
  assert.equal(tries, 0)
  leads = true
  await clock.fire()
  await clock.fire()
  assert.equal(tries, 2)
  stop()
})
