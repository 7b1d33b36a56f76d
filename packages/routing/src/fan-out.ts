/**
 * Reads: one search request to each worker for all its shards, and single reads of one shard.
 *
 * Shards that fail on all their replicas for a reason that routing cures are asked again until the
 * deadline; those that have answered are not. Every shard must answer, unless the caller takes
 * partial answers: then a fan-out that some shard answered is a success that names the others.
 */

import { assertDefined, type Deadline, type ShardId, shardId, VectronError } from '@vectron/base'
import { worker } from '@vectron/contracts'
import {
  type AnswerOrigin,
  readReplicas,
  type ShardAnswers,
  toShardError,
} from './replica-reads.ts'
import { isCuredByRouting } from './retry.ts'
import type { Router } from './router.ts'
import { type CollectionRoute, type ShardRoute, shardById } from './routing-table.ts'
import type { ShardPositions } from './shard-positions.ts'

/** How fresh a read must be. */
export type ReadFreshness =
  | { readonly kind: 'eventual' }
  /** Not older than these positions; a shard without one may be as old as it is. */
  | { readonly kind: 'session'; readonly positions: ShardPositions }
  | { readonly kind: 'strong' }

/** The shards of a collection that a request is about; all of them when absent. */
export type ShardSelection = (route: CollectionRoute) => readonly ShardRoute[]

export interface FanOutSearch {
  readonly collection: string
  readonly shards?: ShardSelection
  /** An encoded `engine.v1.SearchRequest`; made anew for each request, because time has passed. */
  readonly encode: (deadline: Deadline) => Uint8Array
  readonly freshness: ReadFreshness
  readonly deadline: Deadline
  /** Searches that take about as long as each other share a kind. Default: all of them do. */
  readonly kind?: string
  /** Answers of some shards are a success, too. */
  readonly allowPartial: boolean
  /** Called whenever another shard has answered, with all that is there so far. */
  readonly onAnswer?: (soFar: FanOutAnswer) => void
}

export interface FanOutAnswer {
  /** Encoded `engine.v1.SearchResult`, by shard. */
  readonly answers: ReadonlyMap<ShardId, Uint8Array>
  /** Why the other shards did not answer. */
  readonly failures: ReadonlyMap<ShardId, VectronError>
  readonly shardsTotal: number
  /** How each answer was had. */
  readonly origins: ReadonlyMap<ShardId, AnswerOrigin>
}

export interface ShardRead {
  readonly collection: string
  readonly shard: (route: CollectionRoute) => ShardRoute
  /** An encoded `engine.v1.ReadRequest`. */
  readonly read: Uint8Array
  /** Reads that take about as long as each other share a kind. Default: all of them do. */
  readonly kind?: string
  readonly freshness: ReadFreshness
  readonly deadline: Deadline
}

/** Rounds that a search makes before it leaves out the shards that nobody answers for. */
const PARTIAL_TRIES_MAX = 2
/** Shards that an error lists. */
const NAMED_MAX = 16

/**
 * Searches shards of the collection, each on one of its replicas.
 *
 * @throws VectronError why a shard did not answer, naming all that did not; only when no shard has
 *   answered, where partial answers are allowed.
 */
export async function searchShards(router: Router, search: FanOutSearch): Promise<FanOutAnswer> {
  const { deadline, freshness, allowPartial, onAnswer } = search
  const answers = new Map<ShardId, Uint8Array>()
  const origins = new Map<ShardId, AnswerOrigin>()
  let failures: ReadonlyMap<ShardId, VectronError> = new Map()
  let shardsTotal = 0
  const limits = allowPartial ? { deadline, triesMax: PARTIAL_TRIES_MAX } : { deadline }
  try {
    await router.retry(limits, async () => {
      const route = await router.route(search.collection)
      const wanted = search.shards?.(route) ?? route.shards
      shardsTotal = wanted.length
      failures = await readReplicas<Uint8Array>(router, {
        shards: wanted.filter((shard) => !answers.has(shard.shardId)),
        kind: search.kind ?? 'search',
        freshness,
        deadline,
        ask: async (door, shards, options) => {
          const reads = shards.map((shard) => toShardRead(shard, freshness))
          const request = { shards: reads, search: search.encode(deadline) }
          return takeAnswers(await door.searchShards(request, options))
        },
        onAnswer: (shard, answer, origin) => {
          answers.set(shard, answer)
          origins.set(shard, origin)
          // The shards of this round have given up nothing yet, whatever the one before said.
          onAnswer?.({ answers, failures: new Map(), shardsTotal, origins })
        },
      })
      if (failures.size > 0) throw namingShards(failures, shardsTotal)
    })
  } catch (error) {
    const isPartial = allowPartial && answers.size > 0 && failures.size > 0
    if (!isPartial) throw error
  }
  return { answers, failures, shardsTotal, origins }
}

/** Reads one shard; answers an encoded `engine.v1.ReadResult`. */
export function readShard(router: Router, read: ShardRead): Promise<Uint8Array> {
  const { freshness, deadline } = read
  return router.retry({ deadline }, async () => {
    const shard = read.shard(await router.route(read.collection))
    let answer: Uint8Array | undefined
    const failures = await readReplicas<Uint8Array>(router, {
      shards: [shard],
      kind: read.kind ?? 'read',
      freshness,
      deadline,
      ask: async (door, _shards, options) => {
        const request = { ...toShardRead(shard, freshness), read: read.read }
        const { result } = await door.readShard(request, options)
        return new Map([[shard.shardId, result]])
      },
      onAnswer: (_shard, result) => {
        answer = result
      },
    })
    for (const failure of failures.values()) throw failure
    return assertDefined(answer, 'a shard that did not fail has answered')
  })
}

/** Reads shards of the collection; in the order of their ranges. All of them must answer. */
export async function readEveryShard(
  router: Router,
  read: Omit<ShardRead, 'shard'> & { readonly shards?: ShardSelection },
): Promise<Uint8Array[]> {
  const route = await router.route(read.collection)
  const shards = read.shards?.(route) ?? route.shards
  return Promise.all(
    shards.map(({ shardId }) =>
      readShard(router, {
        ...read,
        shard: (current) => shardById(current, shardId),
      }),
    ),
  )
}

/** Statistics of every shard of the collection, from leaders where there are some. */
export function shardReports(
  router: Router,
  collection: string,
  deadline: Deadline,
): Promise<worker.ShardReport[]> {
  return router.retry({ deadline }, async () => {
    const { shards } = await router.route(collection)
    const reports = new Map<ShardId, worker.ShardReport>()
    const failures = await readReplicas<worker.ShardReport>(router, {
      shards,
      kind: 'reports',
      freshness: { kind: 'strong' },
      deadline,
      ask: async (door, asked, options) => {
        const shardIds = asked.map((shard) => shard.shardId)
        const answer = await door.getShardStats({ shardIds }, options)
        return new Map(
          answer.shards.map((report) => [shardId(report.stats?.shardId ?? 0n), report]),
        )
      },
      onAnswer: (shard, report) => reports.set(shard, report),
    })
    for (const failure of failures.values()) throw failure
    return shards.flatMap((shard) => reports.get(shard.shardId) ?? [])
  })
}

function takeAnswers({ answers }: worker.SearchShardsResponse): ShardAnswers<Uint8Array> {
  return new Map(
    answers.map(({ shardId: id, answer }) => {
      const shard = shardId(id)
      const taken = answer.case === 'result' ? answer.value : toShardError(shard, answer.value)
      return [shard, taken]
    }),
  )
}

function toShardRead(shard: ShardRoute, freshness: ReadFreshness) {
  const header = { shardId: shard.shardId, epoch: shard.epoch }
  switch (freshness.kind) {
    case 'eventual':
      return { shard: header }
    case 'session': {
      const minAppliedIndex = freshness.positions.get(shard.shardId) ?? 0n
      const consistency = worker.ReadConsistency.SESSION
      return { shard: header, barrier: { consistency, minAppliedIndex } }
    }
    case 'strong':
      return { shard: header, barrier: { consistency: worker.ReadConsistency.STRONG } }
  }
}

/** One error for all shards that did not answer: what cannot be cured goes first. */
function namingShards(failures: ReadonlyMap<ShardId, VectronError>, total: number): VectronError {
  const all = [...failures]
  const [, first] = assertDefined(
    all.find(([, error]) => !isCuredByRouting(error)) ?? all[0],
    'some',
  )
  if (total === 1) return first
  const { reason, message, subject, retryAfterMs, metadata } = first
  const ids = all.map(([shard]) => shard).sort((a, b) => (a < b ? -1 : 1))
  const named = ids.slice(0, NAMED_MAX).join(', ') + (ids.length > NAMED_MAX ? ', ...' : '')
  return new VectronError(
    reason,
    `${ids.length} of ${total} shards did not answer (${named}): ${message}`,
    { subject, retryAfterMs, metadata, cause: first },
  )
}
