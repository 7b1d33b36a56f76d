/**
 * Points by their ids: one read for each shard that owns some of them, or for every shard where the
 * ids do not tell.
 */

import type { Deadline } from '@vectron/base'
import type { vectron } from '@vectron/contracts'
import {
  type CollectionRoute,
  type ReadFreshness,
  type Router,
  readEveryShard,
  readShard,
  shardOfId,
} from '@vectron/routing'
import { decodeReadResult, encodeGet } from './engine-read.ts'
import { partitionKeyOf, shardsFor } from './partition-key.ts'

const KIND = 'get'

export interface ReadByIds {
  readonly collection: string
  readonly ids: readonly string[]
  readonly withPayload: boolean
  readonly withVector: boolean
  /** For the read there are only points that match it. */
  readonly rowRule: vectron.Filter | undefined
  readonly freshness: ReadFreshness
  readonly deadline: Deadline
}

/** Encoded `vectron.v1.Point`s by id; ids that do not exist are absent. */
export async function readByIds(router: Router, read: ReadByIds): Promise<Map<string, Uint8Array>> {
  const route = await router.route(read.collection)
  const { collection, freshness, deadline, withPayload, withVector, rowRule } = read
  if (partitionKeyOf(route.collection) !== undefined) {
    const every = {
      collection,
      shards: shardsFor({ filters: [rowRule] }),
      read: encodeGet(read),
      kind: KIND,
      freshness,
      deadline,
    }
    return byId(await readEveryShard(router, every))
  }
  const answers = await Promise.all(
    groupIds(route, read.ids).map(([first, ids]) =>
      readShard(router, {
        collection,
        shard: (current) => shardOfId(current, first),
        read: encodeGet({ ids, withPayload, withVector, rowRule }),
        kind: KIND,
        freshness,
        deadline,
      }),
    ),
  )
  return byId(answers)
}

function byId(answers: readonly Uint8Array[]): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>()
  for (const encoded of answers) {
    for (const { id, point } of decodeReadResult(encoded).points) found.set(id, point)
  }
  return found
}

/** The ids of each shard, with one of them to find the shard by. */
function groupIds(route: CollectionRoute, ids: readonly string[]): [string, string[]][] {
  const groups = new Map<unknown, [string, string[]]>()
  for (const id of ids) {
    const shard = shardOfId(route, id)
    const group = groups.get(shard)
    if (group === undefined) groups.set(shard, [id, [id]])
    else group[1].push(id)
  }
  return [...groups.values()]
}
