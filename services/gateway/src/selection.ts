/**
 * Which points a delete or a payload update is about, and how it gets to them: ids to the shards
 * that own them, a filter to every shard that may hold matches.
 */

import { randomUUID } from 'node:crypto'
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
import { checkBatch } from './check-collection.ts'
import { checkId } from './check-point.ts'
import type { GatewayContext } from './context.ts'
import { decodeReadResult, encodeRead } from './engine-read.ts'
import { partitionKeyOf, shardsFor } from './partition-key.ts'
import { refuseUnknownFields, unknownEverywhere } from './unknown-fields.ts'

export type Selection =
  | { readonly kind: 'ids'; readonly ids: readonly string[] }
  | { readonly kind: 'filter'; readonly filter: vectron.Filter }

/** The part of a command that selects. */
export type SelectionPart = { readonly ids: string[] } | { readonly filter: vectron.Filter }

export interface SelectedWrite {
  readonly collection: string
  readonly selection: Selection
  /** The one partition that is written to; absent where the selection decides. */
  readonly partition?: PartitionValue | undefined
  /** For the write there are only points that match it; `encode` puts it into the command. */
  readonly rowRule: vectron.Filter | undefined
  readonly encode: (requestId: string, part: SelectionPart) => Uint8Array
  readonly deadline: Deadline
}

/**
 * @throws VectronError MISSING_FIELD, INVALID_ARGUMENT, BATCH_TOO_LARGE, INVALID_ID, INVALID_FILTER
 */
export function takeSelection(request: {
  readonly ids: readonly string[]
  readonly filter?: vectron.Filter | undefined
}): Selection {
  const { ids, filter } = request
  if (ids.length > 0 && filter !== undefined) {
    throw new VectronError('INVALID_ARGUMENT', 'ids and filter are both set; set one of them.', {
      field: 'filter',
    })
  }
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
  return { kind: 'ids', ids }
}

/** Writes a command to all points of the selection. */
export async function writeSelected(
  context: GatewayContext,
  write: SelectedWrite,
): Promise<WriteOutcome> {
  const { router } = context
  const { collection, selection, partition, rowRule, encode, deadline } = write
  const route = await router.route(collection)
  const requestId = randomUUID()
  switch (selection.kind) {
    case 'ids': {
      const ids = [...selection.ids]
      if (partitionKeyOf(route.collection) === undefined) {
        return writeItems(router, {
          collection,
          items: ids,
          shardOf: shardOfId,
          encode: (own, shard) => encode(`${requestId}/${shard}`, { ids: [...own] }),
          deadline,
        })
      }
      // The ids do not tell their shards.
      return writeEverywhere(router, {
        collection,
        shards: shardsFor({ filters: [rowRule], partition }),
        encode: (shard) => encode(`${requestId}/${shard}`, { ids }),
        deadline,
      })
    }
    case 'filter': {
      const { filter } = selection
      const shards = shardsFor({ filters: [filter, rowRule], partition })
      await checkFieldsKnown(context, { collection, filter, rowRule, shards, deadline })
      return writeEverywhere(router, {
        collection,
        shards,
        encode: (shard) => encode(`${requestId}/${shard}`, { filter }),
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
