/** What a kept answer must have seen, and how old it may be, to stand for a read. */

import { fromBinary } from '@bufbuild/protobuf'
import { type Deadline, logIndex } from '@vectron/base'
import { engine } from '@vectron/contracts'
import {
  latestOf,
  type ReadFreshness,
  type Router,
  type ShardPositions,
  type ShardSelection,
  searchShards,
} from '@vectron/routing'
import { encodeSearchRequest } from '@vectron/shard'

export interface ReadPromise {
  /** Milliseconds; absent: positions alone decide. */
  readonly ageMsMax: number | undefined
  /** What the answer must have seen; asked for only when there is one to compare. */
  readonly wanted: () => Promise<ShardPositions>
}

export interface PromisedRead {
  readonly freshness: ReadFreshness
  readonly collection: string
  readonly shards: ShardSelection
  readonly deadline: Deadline
  /** What this gateway has acknowledged. */
  readonly written: ShardPositions
  readonly eventualAgeMsMax: number
}

export function readPromise(router: Router, read: PromisedRead): ReadPromise {
  const { freshness, written, eventualAgeMsMax } = read
  switch (freshness.kind) {
    case 'eventual':
      return { ageMsMax: eventualAgeMsMax, wanted: async () => written }
    case 'session':
      return { ageMsMax: undefined, wanted: async () => latestOf([freshness.positions, written]) }
    case 'strong': {
      let asked: Promise<ShardPositions> | undefined
      const wanted = () => {
        asked ??= indexesNow(router, read)
        return asked
      }
      return { ageMsMax: undefined, wanted }
    }
  }
}

/** Where the shards' logs stand, of which a strong read must see all: a search for nothing. */
async function indexesNow(
  router: Router,
  { collection, shards, deadline }: PromisedRead,
): Promise<ShardPositions> {
  const { answers } = await searchShards(router, {
    collection,
    shards,
    encode: ({ remainingMs }) => encodeSearchRequest([], remainingMs() * 1000),
    kind: 'read index',
    freshness: { kind: 'strong' },
    deadline,
    allowPartial: false,
  })
  return new Map(
    [...answers].map(([shard, encoded]) => {
      const { appliedIndex } = fromBinary(engine.SearchResultSchema, encoded)
      return [shard, logIndex(appliedIndex)]
    }),
  )
}
