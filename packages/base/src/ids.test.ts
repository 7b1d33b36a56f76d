import assert from 'node:assert/strict'
import { test } from 'node:test'
import { groupOfShard, logIndex, shardId } from './ids.ts'

test('ids are unsigned 64-bit integers', () => {
  assert.equal(logIndex(2n ** 64n - 1n), 2n ** 64n - 1n)
  assert.throws(() => logIndex(2n ** 64n), /unsigned 64-bit/)
  assert.throws(() => shardId(-1n), /unsigned 64-bit/)
})

test("no shard takes placement's group", () => {
  assert.equal(groupOfShard(shardId(3n)), 3n)
  assert.throws(() => groupOfShard(shardId(0n)))
})
