import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { runInOrder } from './ordered-pipeline.ts'

async function* numbers(count: number, onRead: (i: number) => void = () => {}) {
  for (let i = 0; i < count; i++) {
    onRead(i)
    yield i
  }
}

async function collect<T>(results: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const result of results) all.push(result)
  return all
}

test('Results come in the order of inputs, although later work is done first.', async () => {
  const results = runInOrder({
    inputs: numbers(20),
    work: async (i) => {
      await pause((20 - i) % 5)
      return i
    },
    inFlightMax: 4,
  })
  assert.deepEqual(
    await collect(results),
    Array.from({ length: 20 }, (_, i) => i),
  )
})

test('No more than the given number is under way, and input is read only when there is room.', async () => {
  let underWay = 0
  let most = 0
  const results = runInOrder({
    inputs: numbers(30),
    work: async () => {
      most = Math.max(most, ++underWay)
      await pause(1)
      underWay--
    },
    inFlightMax: 3,
  })
  await collect(results)
  assert.equal(most, 3)

  let read = 0
  const stalled = runInOrder({
    inputs: numbers(30, () => read++),
    work: () => new Promise(() => {}),
    inFlightMax: 3,
  })
  void stalled.next()
  await pause(10)
  assert.equal(read, 3)
})

test('A result is yielded while the next input is still awaited: a sender may wait for it.', async () => {
  let acknowledge = () => {}
  const acknowledged = new Promise<void>((resolve) => {
    acknowledge = resolve
  })
  async function* askThenWait() {
    yield 1
    await acknowledged
    yield 2
  }
  const results = runInOrder({ inputs: askThenWait(), work: async (i) => i, inFlightMax: 8 })
  assert.equal((await results.next()).value, 1)
  acknowledge()
  assert.equal((await results.next()).value, 2)
  assert.equal((await results.next()).done, true)
})

test('A failure comes in its turn, ends the stream and closes the input.', async () => {
  let closed = false
  async function* endless() {
    try {
      for (let i = 0; ; i++) yield i
    } finally {
      closed = true
    }
  }
  const results = runInOrder({
    inputs: endless(),
    work: async (i) => {
      if (i === 2) throw new Error('two')
      return i
    },
    inFlightMax: 2,
  })
  const seen: number[] = []
  await assert.rejects(async () => {
    for await (const i of results) seen.push(i)
  }, /two/)
  assert.deepEqual(seen, [0, 1])
  await pause(1)
  assert.ok(closed)
})
