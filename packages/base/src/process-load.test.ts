/** Cores are counted over the span between looks; looks in quick succession tell the same. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProcessLoad } from './process-load.ts'

test('cores are those of the span since the last look', () => {
  let nowUs = 5_000_000
  let cpuUs = 9_000_000
  let memoryBytes = 100
  const load = new ProcessLoad(
    { monotonicUs: () => nowUs },
    { cpuUs: () => cpuUs, memoryBytes: () => memoryBytes },
  )
  assert.deepEqual(load.look(), { cpuCores: 0, memoryBytes: 100 })
  nowUs += 2_000_000
  cpuUs += 3_000_000
  memoryBytes = 200
  assert.deepEqual(load.look(), { cpuCores: 1.5, memoryBytes: 200 })
  nowUs += 500_000
  cpuUs += 500_000
  assert.deepEqual(load.look(), { cpuCores: 1.5, memoryBytes: 200 })
  nowUs += 500_000
  assert.deepEqual(load.look(), { cpuCores: 0.5, memoryBytes: 200 })
})

test('this process has some of both', () => {
  const nowUs = [0, 10_000_000]
  const load = new ProcessLoad({ monotonicUs: () => nowUs.shift() ?? 0 })
  const { cpuCores, memoryBytes } = load.look()
  assert.ok(cpuCores >= 0 && memoryBytes > 1_000_000)
})
