import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { placement } from '@vectron/contracts'
import { toShard, toWorker } from './cluster-messages.ts'

const { UP, DEAD } = placement.WorkerState

/** A shard of three replicas on workers 1 to 3, led by worker 1, with what each is heard to be. */
function shardOf(heard: readonly object[], changes: object = {}): placement.ShardStatus {
  return create(placement.ShardStatusSchema, {
    shard: {
      shardId: 7n,
      epoch: { membership: 4n, range: 1n },
      rangeEnd: 1n << 63n,
      leaderWorkerId: 1n,
      replicas: [1n, 2n, 3n].map((id) => ({ replicaId: 10n + id, workerId: id })),
    },
    collection: 'c',
    replicationFactor: 3,
    lastIndex: 100n,
    membershipVersion: 4n,
    replicas: heard.map((one, place) => ({ replicaId: 11n + BigInt(place), ...one })),
    ...changes,
  })
}

const up = (matchIndex: bigint, more: object = {}) => ({
  workerState: UP,
  report: { shardId: 7n, appliedIndex: matchIndex },
  member: { matchIndex, ...more },
})

test('a shard whose replicas all follow has roles, lag, and no problems', () => {
  const shard = toShard(shardOf([up(100n), up(98n), up(100n)]))
  assert.deepEqual(
    shard.replicas.map(({ role, state, lag }) => [role, state, lag]),
    [
      ['leader', 'ready', 0n],
      ['voter', 'ready', 2n],
      ['voter', 'ready', 0n],
    ],
  )
  assert.deepEqual([shard.problems, shard.changing], [[], false])
  assert.deepEqual([shard.rangeStart, shard.rangeEnd], ['0000000000000000', '8000000000000000'])
})

test('a shard that lacks replicas says which and why', () => {
  const failure = { reason: 'REPLICA_LOST', message: 'its log is gone' }
  const lost = { workerState: UP, report: { shardId: 7n, failure } }
  const { problems } = toShard(shardOf([up(100n), { workerState: DEAD }, lost]))
  assert.deepEqual(problems, [
    '1 of 3 replicas are ready',
    'replica 12 on worker 2: dead',
    'replica 13 on worker 3: failed: its log is gone',
  ])
})

test('a shard tells search-only replicas from those that join, and which of them it lacks', () => {
  const status = shardOf([up(100n), up(60n), up(100n)], { replicationFactor: 1, searchReplicas: 2 })
  const [, joining, searched] = status.shard?.replicas ?? []
  Object.assign(joining ?? {}, { learner: true })
  Object.assign(searched ?? {}, { learner: true, searchOnly: true })
  const { replicas, problems, searchReplicas } = toShard(status)
  assert.deepEqual(
    replicas.map(({ role, state }) => [role, state]),
    [
      ['leader', 'ready'],
      ['learner', 'catching up'],
      ['search-only', 'ready'],
    ],
  )
  assert.equal(searchReplicas, 2)
  assert.deepEqual(problems, [
    '1 of 2 search-only replicas are ready',
    'replica 12 on worker 2: catching up',
  ])
})

test('a shard under change says so, and a replica that receives a snapshot', () => {
  const status = shardOf([up(100n), up(100n), up(0n, { snapshot: true })], {
    membershipVersion: 3n,
  })
  const shard = toShard(status)
  assert.equal(shard.changing, true)
  assert.deepEqual(shard.replicas[2]?.state, 'receiving snapshot')
})

test('a shard without a leader says why', () => {
  const status = shardOf([{ workerState: UP }, { workerState: UP }, { workerState: UP }])
  Object.assign(status.shard ?? {}, {
    leaderWorkerId: 0n,
    failure: { reason: 'DATA_CORRUPT', message: 'store.redb is damaged' },
  })
  assert.equal(toShard(status).problems[0], 'no leader: store.redb is damaged')
})

test('a worker that is up and drained is draining; a dead one is dead whatever was asked', () => {
  const stateOf = (state: placement.WorkerState) =>
    toWorker(create(placement.WorkerStatusSchema, { worker: { state, draining: true } })).state
  assert.deepEqual([stateOf(UP), stateOf(DEAD)], ['draining', 'dead'])
})
