import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ByteBudget } from './byte-budget.ts'

async function orderOf(budget: ByteBudget, sizes: readonly number[]) {
  const entered: number[] = []
  for (const size of sizes) void budget.acquire(size).then(() => entered.push(size))
  await new Promise(setImmediate)
  return entered
}

test('Work enters while it fits, and waits its turn when it does not.', async () => {
  const budget = new ByteBudget(10)
  const entered = await orderOf(budget, [4, 5, 3, 1])
  assert.deepEqual(entered, [4, 5])
  budget.release(4)
  await new Promise(setImmediate)
  assert.deepEqual(entered, [4, 5, 3, 1])
})

test('What is larger than the budget goes alone, and nothing overtakes it.', async () => {
  const budget = new ByteBudget(10)
  const entered = await orderOf(budget, [4, 99, 1])
  assert.deepEqual(entered, [4])
  budget.release(4)
  await new Promise(setImmediate)
  assert.deepEqual(entered, [4, 99])
  budget.release(99)
  await new Promise(setImmediate)
  assert.deepEqual(entered, [4, 99, 1])
})
