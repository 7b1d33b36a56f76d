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
 *
 * Under a row rule a copy that does not match it is nobody's to delete: found in step 1, it refuses
 * the upsert; one that leaves the rule after step 1 stays, since the delete of step 3 looks again.
 */

import { create } from '@bufbuild/protobuf'
import { assertDefined, type Deadline, type ShardId, VectronError } from '@vectron/base'
import { engine, type vectron } from '@vectron/contracts'
import {
  latestOf,
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
import { partOf, type WriteHead } from './write-head.ts'

export interface PartitionedUpsert {
  readonly collection: string
  /** Of equal ids the last one counts. */
  readonly records: readonly PointRecord[]
  /** The partition of each record. */
  readonly partitions: readonly PartitionValue[]
  readonly head: WriteHead
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
  const { collection, head, deadline } = upsert
  const points = lastOfEachId(upsert)
  const misplaced = await findMisplaced(router, upsert, points)
  const written = await writeItems(router, {
    collection,
    items: points,
    shardOf: (route, { partition }) => shardOfPartition(route, partition),
    encode: (items, shard) =>
      encodeUpsert(
        partOf(head, shard),
        items.map(({ record }) => record),
      ),
    deadline,
  })
  const affected = written.affected + BigInt(upsert.records.length - points.length)
  if (misplaced.size === 0) return { affected, positions: written.positions }
  const moved = await deleteMisplaced(router, upsert, misplaced)
  return { affected, positions: latestOf([written.positions, moved.positions]) }
}

function lastOfEachId({ records, partitions }: PartitionedUpsert): PartitionedPoint[] {
  const byId = new Map<string, PartitionedPoint>()
  records.forEach((record, index) => {
    const partition = assertDefined(partitions[index], 'each record has a partition')
    byId.set(record.id, { record, partition })
  })
  return [...byId.values()]
}

/**
 * Asks each shard for the ids of this upsert that belong to others.
 *
 * @throws VectronError OUTSIDE_ROW_RULE when one of them may not be touched; VERSION_MISMATCH when
 *   one is expected in another version: what lies in two shards cannot be compared and set
 */
async function findMisplaced(
  router: Router,
  upsert: PartitionedUpsert,
  points: readonly PartitionedPoint[],
): Promise<Map<ShardId, Misplaced>> {
  const { collection } = upsert
  const { rowRule } = upsert.head
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
      const held = await findHeld(router, upsert, { shardId, ids, rowRule: undefined })
      if (held.ids.length === 0) return
      if (rowRule !== undefined) {
        const own = await findHeld(router, upsert, { shardId, ids: held.ids, rowRule })
        checkAllOwn(held.ids, own.ids)
      }
      checkUnconditional(foreign, held.ids)
      misplaced.set(shardId, held)
    }),
  )
  return misplaced
}

/** Which of the ids a shard holds, of the points that match a rule. */
async function findHeld(
  router: Router,
  { collection, deadline }: PartitionedUpsert,
  asked: {
    readonly shardId: ShardId
    readonly ids: readonly string[]
    readonly rowRule: vectron.Filter | undefined
  },
): Promise<Misplaced> {
  const { shardId, ids, rowRule } = asked
  const encoded = await readShard(router, {
    collection,
    shard: (current) => shardById(current, shardId),
    read: encodeGet({ ids, withPayload: false, withVector: false, rowRule }),
    freshness: { kind: 'strong' },
    deadline,
  })
  const { points, appliedIndex } = decodeReadResult(encoded)
  return { ids: points.map(({ id }) => id), asOf: appliedIndex }
}

function checkAllOwn(held: readonly string[], own: readonly string[]): void {
  const foreign = held.find((id) => !own.includes(id))
  if (foreign === undefined) return
  throw new VectronError(
    'OUTSIDE_ROW_RULE',
    `"${foreign}": the id is taken by a point outside of the key's row rule.`,
    { subject: foreign },
  )
}

function checkUnconditional(foreign: readonly PartitionedPoint[], held: readonly string[]): void {
  for (const { record } of foreign) {
    const { id, ifVersion } = record
    if (ifVersion === undefined || !held.includes(id)) continue
    const wants =
      ifVersion === 0n
        ? 'there must be no such point'
        : `the point must have version ${ifVersion} in the partition of its new payload`
    throw new VectronError('VERSION_MISMATCH', `"${id}": ${wants}, but it is in another one`, {
      subject: id,
    })
  }
}

function deleteMisplaced(
  router: Router,
  { collection, head, deadline }: PartitionedUpsert,
  misplaced: ReadonlyMap<ShardId, Misplaced>,
): Promise<WriteOutcome> {
  return writeEverywhere(router, {
    collection,
    shards: (route) => route.shards.filter(({ shardId }) => misplaced.has(shardId)),
    encode: (shard) => {
      const { ids = [], asOf = 0n } = misplaced.get(shard) ?? {}
      const value = create(engine.DeletePointsSchema, { ids: [...ids], writtenUntil: asOf })
      return encodeCommand(partOf(head, shard, 'moved'), { case: 'delete', value })
    },
    deadline,
  })
}
