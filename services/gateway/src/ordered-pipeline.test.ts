import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { ByteBudget } from './byte-budget.ts'
import { runInOrder } from './ordered-pipeline.ts'

const roomy = () => ({ budget: new ByteBudget(1000), bytesOf: () => 1 })

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
    ...roomy(),
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
    ...roomy(),
  })
  await collect(results)
  assert.equal(most, 3)

  let read = 0
  const stalled = runInOrder({
    inputs: numbers(30, () => read++),
    work: () => new Promise(() => {}),
    inFlightMax: 3,
    ...roomy(),
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
  const results = runInOrder({
    inputs: askThenWait(),
    work: async (i) => i,
    inFlightMax: 8,
    ...roomy(),
  })
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
    ...roomy(),
  })
  const seen: number[] = []
  await assert.rejects(async () => {
    for await (const i of results) seen.push(i)
  }, /two/)
  assert.deepEqual(seen, [0, 1])
  await pause(1)
  assert.ok(closed)
})

test('Streams share their room in bytes, and give it back however they end.', async () => {
  const budget = new ByteBudget(10)
  let underWay = 0
  let most = 0
  const stream = () =>
    runInOrder({
      inputs: numbers(20),
      work: async () => {
        most = Math.max(most, ++underWay)
        await pause(1)
        underWay--
      },
      inFlightMax: 8,
      budget,
      bytesOf: () => 4,
    })
  await Promise.all([collect(stream()), collect(stream())])
  assert.equal(most, 2)

  for await (const _ of stream()) break
  const failing = runInOrder({
    inputs: numbers(20),
    work: () => Promise.reject(new Error('no')),
    inFlightMax: 8,
    budget,
    bytesOf: () => 4,
  })
  await assert.rejects(collect(failing))
  await budget.acquire(10)
})
