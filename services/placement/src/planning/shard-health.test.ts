import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ReplicaView, ShardView } from './cluster-view.ts'
import { isCaughtUp } from './shard-health.ts'

const LAG = 1000n

/** A shard whose leader has `lastIndex` entries, and a learner that is known to have some. */
function learnerOf(lastIndex: bigint, matchIndex: bigint): boolean {
  const shard = { leader: { replicaId: 1n, lastIndex } } as unknown as ShardView
  const member = { matchIndex, snapshot: false, active: true }
  return isCaughtUp(shard, { replicaId: 2n, member } as unknown as ReplicaView, LAG)
}

test('A learner has caught up when it lacks a few entries, and never before it has told of any.', () => {
  assert.equal(learnerOf(5000n, 4000n), true)
  assert.equal(learnerOf(5000n, 3999n), false)
  assert.equal(learnerOf(8n, 8n), true)
  assert.equal(learnerOf(8n, 0n), false)
})
