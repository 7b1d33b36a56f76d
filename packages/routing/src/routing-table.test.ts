import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { AssertionFailure, seededRandom, testSeed } from '@vectron/base'
import { placement } from '@vectron/contracts'
import { hashId } from './hash.ts'
import {
  type CollectionRoute,
  formatRoutingTable,
  parseRoutingTable,
  shardOfHash,
  shardOfId,
} from './routing-table.ts'

type Range = readonly [start: bigint, end: bigint]

function tableOf(ranges: readonly Range[]) {
  return create(placement.RoutingTableSchema, {
    version: 7n,
    clusterId: 'c',
    collections: [
      {
        collection: { name: 'words', dimension: 100 },
        shards: ranges.map(([rangeStart, rangeEnd], index) => ({
          shardId: BigInt(index + 1),
          epoch: { membership: 1n, range: 2n },
          rangeStart,
          rangeEnd,
          replicas: [
            { replicaId: BigInt(index * 2 + 1), workerId: 1n },
            { replicaId: BigInt(index * 2 + 2), workerId: 2n, learner: true },
            { replicaId: BigInt(index + 101), workerId: 3n, learner: true, searchOnly: true },
          ],
          leaderWorkerId: 1n,
        })),
      },
    ],
    workers: [{ workerId: 1n, address: 'a' }],
  })
}

function routeOf(ranges: readonly Range[]): CollectionRoute {
  const route = parseRoutingTable(tableOf(ranges)).collections.get('words')
  assert.ok(route)
  return route
}

const HALF = 1n << 63n

test('A table has one text form, which shows ranges, epochs, replicas and leaders.', () => {
  const text = formatRoutingTable(
    parseRoutingTable(
      tableOf([
        [HALF, 0n],
        [0n, HALF],
      ]),
    ),
  )
  assert.equal(
    text,
    [
      'routing v7',
      'words 100d',
      '  shard 2 e1.2 [0000000000000000, 8000000000000000) 3@1* 4@2? 102@3-',
      '  shard 1 e1.2 [8000000000000000, end) 1@1* 2@2? 101@3-',
    ].join('\n'),
  )
})

test('Ranges that overlap, leave a gap or do not reach the end are refused.', () => {
  const wrong: (readonly Range[])[] = [
    [[0n, HALF]],
    [[1n, 0n]],
    [
      [0n, HALF],
      [HALF + 1n, 0n],
    ],
    [
      [0n, HALF],
      [HALF - 1n, 0n],
    ],
    [],
  ]
  for (const ranges of wrong) {
    assert.throws(() => parseRoutingTable(tableOf(ranges)), AssertionFailure)
  }
})

test('Every hash belongs to the one shard whose range holds it, for random tilings.', () => {
  const seed = testSeed()
  const random = seededRandom(seed)
  for (let round = 0; round < 50; round++) {
    const cuts = new Set([0n])
    for (let i = random.nextBelow(40); i > 0; i--) cuts.add(random.nextU64())
    const starts = [...cuts].sort((a, b) => (a < b ? -1 : 1))
    const route = routeOf(starts.map((start, i) => [start, starts[i + 1] ?? 0n]))
    for (let i = 0; i < 50; i++) {
      const hash = i < starts.length ? (starts[i] ?? 0n) : random.nextU64()
      const shard = shardOfHash(route, hash)
      const holds = shard.rangeStart <= hash && hash < shard.rangeEnd
      assert.ok(holds, `hash ${hash} went to ${shard.rangeStart}; VECTRON_SEED=${seed}`)
    }
  }
})

test('An id goes to the shard of its hash, with one shard and with many.', () => {
  const one = routeOf([[0n, 0n]])
  assert.equal(shardOfId(one, 'abc').shardId, 1n)
  const two = routeOf([
    [0n, HALF],
    [HALF, 0n],
  ])
  assert.ok(hashId('abc') < HALF && hashId('a') >= HALF)
  assert.equal(shardOfId(two, 'abc').shardId, 1n)
  assert.equal(shardOfId(two, 'a').shardId, 2n)
})
