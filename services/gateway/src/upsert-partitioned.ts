/**
 * Upserts into a partitioned collection, where the same id may lie in another shard already.
 *
 * An id is unique in its collection, but its shard follows from its partition, so a point that
 * changes its partition must be deleted where it was. In this order:
 *
 *   1. ask all other shards whether they hold the ids, and as of which log index;
 *   2. upsert the points where they belong;
 *   3. delete those that were found, but only copies that were written by that log index.
 *
 * The bound makes it safe against others who do the same with other partitions: of several writers
 * at once, the one that asked last wrote after all others had asked, so nobody deletes its copy. At
 * least one copy always stays; that two stay is possible, until the id is written again.
 * docs/decisions/0010-partition-keys.md.
 */

import { create } from '@bufbuild/protobuf'
import { assertDefined, type Deadline, type LogIndex, type ShardId } from '@vectron/base'
import { engine } from '@vectron/contracts'
import {
  type PartitionValue,
  type Router,
  readShard,
  shardById,
  shardOfPartition,
  type WriteOutcome,
  writeEverywhere,
  writeItems,
} from '@vectron/routing'
import { encodeCommand, encodeUpsert, type PointRecord } from '@vectron/shard'
import { decodeReadResult, encodeGet } from './engine-read.ts'

export interface PartitionedUpsert {
  readonly collection: string
  /** Of equal ids the last one counts. */
  readonly records: readonly PointRecord[]
  /** The partition of each record. */
  readonly partitions: readonly PartitionValue[]
  readonly requestId: string
  readonly deadline: Deadline
}

interface PartitionedPoint {
  readonly record: PointRecord
  readonly partition: PartitionValue
}

/** Ids that a shard holds although they belong elsewhere. */
interface Misplaced {
  readonly ids: readonly string[]
  /** Log index as of which it held them. */
  readonly asOf: bigint
}

export async function upsertPartitioned(
  router: Router,
  upsert: PartitionedUpsert,
): Promise<WriteOutcome> {
  const { collection, requestId, deadline } = upsert
  const points = lastOfEachId(upsert)
  const misplaced = await findMisplaced(router, upsert, points)
  const written = await writeItems(router, {
    collection,
    items: points,
    shardOf: (route, { partition }) => shardOfPartition(route, partition),
    encode: (items, shard) =>
      encodeUpsert(
        `${requestId}/${shard}`,
        items.map(({ record }) => record),
      ),
    deadline,
  })
  const affected = written.affected + BigInt(upsert.records.length - points.length)
  if (misplaced.size === 0) return { affected, positions: written.positions }
  const moved = await deleteMisplaced(router, upsert, misplaced)
  return { affected, positions: laterOf(written.positions, moved.positions) }
}

function lastOfEachId({ records, partitions }: PartitionedUpsert): PartitionedPoint[] {
  const byId = new Map<string, PartitionedPoint>()
  records.forEach((record, index) => {
    const partition = assertDefined(partitions[index], 'each record has a partition')
    byId.set(record.id, { record, partition })
  })
  return [...byId.values()]
}

/** Asks each shard for the ids of this upsert that belong to others. */
async function findMisplaced(
  router: Router,
  { collection, deadline }: PartitionedUpsert,
  points: readonly PartitionedPoint[],
): Promise<Map<ShardId, Misplaced>> {
  const route = await router.route(collection)
  const misplaced = new Map<ShardId, Misplaced>()
  if (route.shards.length === 1) return misplaced
  await Promise.all(
    route.shards.map(async ({ shardId }) => {
      const foreign = points.filter(
        ({ partition }) => shardOfPartition(route, partition).shardId !== shardId,
      )
      if (foreign.length === 0) return
      const ids = foreign.map(({ record }) => record.id)
      const encoded = await readShard(router, {
        collection,
        shard: (current) => shardById(current, shardId),
        read: encodeGet({ ids, withPayload: false, withVector: false }),
        freshness: { kind: 'strong' },
        deadline,
      })
      const found = decodeReadResult(encoded)
      if (found.points.length === 0) return
      misplaced.set(shardId, { ids: found.points.map(({ id }) => id), asOf: found.appliedIndex })
    }),
  )
  return misplaced
}

function deleteMisplaced(
  router: Router,
  { collection, requestId, deadline }: PartitionedUpsert,
  misplaced: ReadonlyMap<ShardId, Misplaced>,
): Promise<WriteOutcome> {
  return writeEverywhere(router, {
    collection,
    shards: (route) => route.shards.filter(({ shardId }) => misplaced.has(shardId)),
    encode: (shard) => {
      const { ids = [], asOf = 0n } = misplaced.get(shard) ?? {}
      const value = create(engine.DeletePointsSchema, { ids: [...ids], writtenUntil: asOf })
      return encodeCommand(`${requestId}/${shard}/moved`, { case: 'delete', value })
    },
    deadline,
  })
}

function laterOf(
  a: ReadonlyMap<ShardId, LogIndex>,
  b: ReadonlyMap<ShardId, LogIndex>,
): ReadonlyMap<ShardId, LogIndex> {
  const later = new Map(a)
  for (const [shard, index] of b) {
    const known = later.get(shard)
    if (known === undefined || known < index) later.set(shard, index)
  }
  return later
}
