import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { placement } from '@vectron/contracts'
import { type PartitionValue, shardOfPartition, shardsOfPartitions } from './partition.ts'
import { type CollectionRoute, parseRoutingTable } from './routing-table.ts'

const SHARDS = 16

function routeOf(shards: number): CollectionRoute {
  const width = (1n << 64n) / BigInt(shards)
  const table = create(placement.RoutingTableSchema, {
    collections: [
      {
        collection: { name: 'c' },
        shards: Array.from({ length: shards }, (_, i) => ({
          shardId: BigInt(i),
          rangeStart: width * BigInt(i),
          rangeEnd: i + 1 === shards ? 0n : width * BigInt(i + 1),
        })),
      },
    ],
  })
  const route = parseRoutingTable(table).collections.get('c')
  assert.ok(route)
  return route
}

test('Where a partition lies is part of the data format, and is the same for ever.', () => {
  const route = routeOf(SHARDS)
  const places = (values: readonly PartitionValue[]) =>
    values.map((value) => Number(shardOfPartition(route, value).shardId))
  const values = ['acme', '', 'é', '1', 1, -1, 2 ** 53]
  assert.deepEqual(places(values), [7, 14, 6, 5, 10, 3, 6])
  assert.equal(shardOfPartition(routeOf(1), 'acme').shardId, 0n)
})

test('Partitions of one shard are asked once.', () => {
  const route = routeOf(SHARDS)
  const many = Array.from({ length: 1000 }, (_, i) => i)
  assert.equal(shardsOfPartitions(route, many).length, SHARDS)
  assert.deepEqual(shardsOfPartitions(route, ['a', 'a']), [shardOfPartition(route, 'a')])
})
