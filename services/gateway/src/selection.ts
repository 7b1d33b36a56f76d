/**
 * Which points a delete or a payload update is about, and how it gets to them: ids to the shards
 * that own them, a filter to every shard that may hold matches.
 */

import { create } from '@bufbuild/protobuf'
import { type Deadline, LIMITS, VectronError } from '@vectron/base'
import { checkFilter, engine, type vectron } from '@vectron/contracts'
import {
  type PartitionValue,
  readEveryShard,
  type ShardSelection,
  shardOfId,
  type WriteOutcome,
  writeEverywhere,
  writeItems,
} from '@vectron/routing'
import type { CommandHead } from '@vectron/shard'
import { checkBatch } from './check-collection.ts'
import { checkId, takeVersion } from './check-point.ts'
import type { GatewayContext } from './context.ts'
import { decodeReadResult, encodeRead } from './engine-read.ts'
import { partitionKeyOf, shardsFor } from './partition-key.ts'
import { refuseUnknownFields, unknownEverywhere } from './unknown-fields.ts'
import { claimKey, partOf, type WriteHead } from './write-head.ts'

export type Selection =
  | { readonly kind: 'ids'; readonly ids: readonly string[] }
  /** One point, if it has this version. */
  | { readonly kind: 'version'; readonly id: string; readonly ifVersion: bigint }
  | { readonly kind: 'filter'; readonly filter: vectron.Filter }

/** The part of a command that selects. */
export type SelectionPart =
  | { readonly ids: string[]; readonly ifVersion?: bigint; readonly skipAbsent?: boolean }
  | { readonly filter: vectron.Filter }

export interface SelectedWrite {
  readonly collection: string
  readonly selection: Selection
  /** The one partition that is written to; absent where the selection decides. */
  readonly partition?: PartitionValue | undefined
  readonly head: WriteHead
  readonly encode: (head: CommandHead, part: SelectionPart) => Uint8Array
  readonly deadline: Deadline
}

/**
 * @throws VectronError MISSING_FIELD, INVALID_ARGUMENT, BATCH_TOO_LARGE, INVALID_ID, INVALID_FILTER
 */
export function takeSelection(request: {
  readonly ids: readonly string[]
  readonly filter?: vectron.Filter | undefined
  readonly ifVersion?: bigint | undefined
}): Selection {
  const { ids, filter } = request
  const ifVersion = takeVersion(request.ifVersion, () => 'ifVersion')
  if (ids.length > 0 && filter !== undefined) {
    throw new VectronError('INVALID_ARGUMENT', 'ids and filter are both set; set one of them.', {
      field: 'filter',
    })
  }
  if (ifVersion !== undefined) checkOneId(request.ids, ifVersion)
  if (filter !== undefined) {
    checkFilter(filter, 'filter')
    return { kind: 'filter', filter }
  }
  if (ids.length === 0) {
    throw new VectronError('MISSING_FIELD', 'ids or filter must say which points.', {
      field: 'ids',
    })
  }
  checkBatch(ids.length, LIMITS.batchPointsMax, 'ids')
  ids.forEach((id, index) => {
    checkId(id, () => `ids[${index}]`)
  })
  const [id] = ids
  if (ifVersion !== undefined && id !== undefined) return { kind: 'version', id, ifVersion }
  return { kind: 'ids', ids }
}

function checkOneId(ids: readonly string[], ifVersion: bigint): void {
  const what =
    ids.length !== 1
      ? `needs exactly one id; there are ${ids.length}`
      : ifVersion === 0n
        ? 'is 0: there would be no point to change'
        : undefined
  if (what === undefined) return
  throw new VectronError('INVALID_ARGUMENT', `ifVersion ${what}.`, { field: 'ifVersion' })
}

/** Writes a command to all points of the selection. */
export async function writeSelected(
  context: GatewayContext,
  write: SelectedWrite,
): Promise<WriteOutcome> {
  const { router } = context
  const { collection, selection, partition, head, encode, deadline } = write
  const { rowRule } = head
  const route = await router.route(collection)
  const isPartitioned = partitionKeyOf(route.collection) !== undefined
  await claimKey(router, write)
  switch (selection.kind) {
    case 'ids': {
      const ids = [...selection.ids]
      if (!isPartitioned) {
        return writeItems(router, {
          collection,
          items: ids,
          shardOf: shardOfId,
          encode: (own, shard) => encode(partOf(head, shard), { ids: [...own] }),
          deadline,
        })
      }
      // The ids do not tell their shards.
      return writeEverywhere(router, {
        collection,
        shards: shardsFor({ filters: [rowRule], partition }),
        encode: (shard) => encode(partOf(head, shard), { ids }),
        deadline,
      })
    }
    case 'version': {
      const { id, ifVersion } = selection
      if (!isPartitioned) {
        return writeItems(router, {
          collection,
          items: [id],
          shardOf: shardOfId,
          encode: (ids, shard) => encode(partOf(head, shard), { ids: [...ids], ifVersion }),
          deadline,
        })
      }
      const part = { ids: [id], ifVersion, skipAbsent: true }
      const outcome = await writeEverywhere(router, {
        collection,
        shards: shardsFor({ filters: [rowRule], partition }),
        encode: (shard) => encode(partOf(head, shard), part),
        deadline,
      })
      if (outcome.affected > 0n) return outcome
      const message = `"${id}": the point must have version ${ifVersion}, but there is none`
      throw new VectronError('VERSION_MISMATCH', message, { subject: id })
    }
    case 'filter': {
      const { filter } = selection
      const shards = shardsFor({ filters: [filter, rowRule], partition })
      await checkFieldsKnown(context, { collection, filter, rowRule, shards, deadline })
      return writeEverywhere(router, {
        collection,
        shards,
        encode: (shard) => encode(partOf(head, shard), { filter }),
        deadline,
      })
    }
  }
}

/** A count tells unknown fields and wrong types before anything is written. */
async function checkFieldsKnown(
  context: GatewayContext,
  asked: {
    readonly collection: string
    readonly filter: vectron.Filter
    readonly rowRule: vectron.Filter | undefined
    readonly shards: ShardSelection
    readonly deadline: Deadline
  },
): Promise<void> {
  const { collection, filter, rowRule, shards, deadline } = asked
  const value = create(engine.CountSchema, { filter })
  const read = encodeRead({ case: 'count', value }, rowRule)
  const freshness = { kind: 'eventual' } as const
  const encoded = await readEveryShard(context.router, {
    collection,
    shards,
    read,
    kind: 'count',
    freshness,
    deadline,
  })
  const results = encoded.map(decodeReadResult)
  const unknown = unknownEverywhere(results.map(({ unknownFields }) => unknownFields))
  await refuseUnknownFields(context, { collection, rowRule, unknown, deadline })
}
