/** The shard map as data: which shards are shown, and what a mark says. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ShardInfo, ShardReplica } from '@vectron/client'
import { isTroubled, lagOf, markOf, shownShards, sizeOf } from './shard-rows.ts'

function replica(workerId: number, more: Partial<ShardReplica> = {}): ShardReplica {
  return {
    replicaId: workerId,
    workerId,
    role: 'voter',
    leaving: false,
    state: 'ready',
    appliedIndex: 1,
    lag: 0,
    pointsCount: 10 * workerId,
    indexedCount: 0,
    diskBytes: 100 * workerId,
    ...more,
  }
}

function shard(shardId: number, more: Partial<ShardInfo> = {}): ShardInfo {
  return {
    shardId,
    collection: 'books',
    rangeStart: '0',
    rangeEnd: '',
    membershipVersion: 1,
    rangeVersion: 1,
    leaderWorkerId: 1,
    workerIds: [1, 2],
    replicationFactor: 2,
    searchReplicas: 0,
    replicas: [replica(1, { role: 'leader' }), replica(2)],
    lastIndex: 5,
    changing: false,
    problems: [],
    ...more,
  }
}

const idsOf = (shards: readonly ShardInfo[]) => shards.map(({ shardId }) => shardId)

test('shards stand by collection, then by id as a number', () => {
  const shards = [shard(10), shard(9), shard(3, { collection: 'atlas' })]
  assert.deepEqual(idsOf(shownShards(shards, { find: '', isOnlyTroubled: false })), [3, 9, 10])
})

test('a part of a name or a whole id finds them', () => {
  const shards = [shard(1), shard(11), shard(2, { collection: 'Atlas' })]
  const found = (find: string) => idsOf(shownShards(shards, { find, isOnlyTroubled: false }))
  assert.deepEqual(found('atl'), [2])
  assert.deepEqual(found('1'), [1])
  assert.deepEqual(found('none'), [])
})

test('troubled are those without leader, with problems, changing, or with a bad replica', () => {
  assert.equal(isTroubled(shard(1)), false)
  const troubled = [
    shard(1, { leaderWorkerId: 0 }),
    shard(2, { problems: ['lacks a replica'] }),
    shard(3, { changing: true }),
    shard(4, { replicas: [replica(1, { state: 'catching up' })] }),
  ]
  assert.ok(troubled.every(isTroubled))
  assert.deepEqual(
    idsOf(shownShards([shard(9), ...troubled], { find: '', isOnlyTroubled: true })),
    [1, 2, 3, 4],
  )
})

test('a mark tells role, state and lag, in words too', () => {
  const one = shard(1, {
    replicas: [
      replica(1, { role: 'leader', lag: 7 }),
      replica(2, { state: 'catching up', lag: 12 }),
      replica(3, { state: 'dead' }),
      replica(4, { role: 'learner' }),
      replica(5, { leaving: true }),
      replica(5, { replicaId: 6, role: 'search-only' }),
    ],
  })
  const shown = [1, 2, 3, 4, 5, 6].map((workerId) => {
    const mark = markOf(one, workerId)
    return mark && [mark.letter, mark.tone, mark.title]
  })
  assert.deepEqual(shown, [
    ['L', 'good', 'leader, ready'],
    ['V', 'warn', 'voter, catching up, 12 entries behind'],
    ['V', 'bad', 'voter, dead'],
    ['+', 'warn', 'learner, ready'],
    ['S', 'good', 'search-only, ready'],
    undefined,
  ])
  assert.equal(lagOf(one), 12)
  assert.deepEqual(sizeOf(one), { points: 50, bytes: 500 })
})
