/**
 * Partitions: the points of a collection that share one value of its partition key, and so a shard.
 *
 * The value takes the place of the id: its hash lies in the range of the shard that owns the point.
 * Part of the data format, like hash.ts: changing it would look for stored points in wrong shards.
 */

import { hashId } from './hash.ts'
import { type CollectionRoute, type ShardRoute, shardOfHash } from './routing-table.ts'

/** A value of a partition key: text of a keyword, or an integer as the nearest double. */
export type PartitionValue = string | number

/** The shard that owns a partition. */
export function shardOfPartition(route: CollectionRoute, value: PartitionValue): ShardRoute {
  const [first] = route.shards
  if (route.shards.length === 1 && first !== undefined) return first
  return shardOfHash(route, hashPartition(value))
}

/** The shards that own these partitions, each once. */
export function shardsOfPartitions(
  route: CollectionRoute,
  values: readonly PartitionValue[],
): ShardRoute[] {
  return [...new Set(values.map((value) => shardOfPartition(route, value)))]
}

/** The type stands in front, so that "1" and 1 are different partitions. */
function hashPartition(value: PartitionValue): bigint {
  return hashId(typeof value === 'string' ? `keyword:${value}` : `integer:${value}`)
}
