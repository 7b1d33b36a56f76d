import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LIMITS } from '@vectron/base'
import { planCollection, tileRanges } from './plan-collection.ts'

const WORKERS = [{ workerId: 1n, zone: '', replicas: 0, leaders: 0 }]
const REQUEST = { replicationFactor: 1, searchReplicas: 0, workers: WORKERS }

test('a collection has as many shards as is asked for, up to the limit', () => {
  const shardCount = LIMITS.shardsPerCollectionMax
  assert.equal(planCollection({ ...REQUEST, shardCount }).shards.length, shardCount)
  for (const tooMany of [shardCount + 1, 2 ** 32 - 1]) {
    const refused = { reason: 'INVALID_ARGUMENT', message: /limit/ }
    assert.throws(() => planCollection({ ...REQUEST, shardCount: tooMany }), refused)
  }
})

test('ranges tile the whole of the hashes', () => {
  const ranges = tileRanges(3)
  assert.equal(ranges[0]?.rangeStart, 0n)
  assert.equal(ranges[2]?.rangeEnd, 0n)
  assert.equal(ranges[0]?.rangeEnd, ranges[1]?.rangeStart)
})
