/**
 * RoutingTable: which shards a collection has, which hashes each owns, and who hosts it.
 *
 * A table is parsed once from placement's message, checked, and never changes: a newer version is
 * another table. Leaves the question when to ask for a newer one to router.ts.
 */

import {
  assert,
  assertDefined,
  type ErrorReason,
  isErrorReason,
  type ReplicaId,
  replicaId,
  type ShardId,
  shardId,
  u64ToHex,
  VectronError,
  type WorkerId,
  workerId,
} from '@vectron/base'
import type { placement, vectron, worker } from '@vectron/contracts'
import { hashId } from './hash.ts'

/** One past the last hash. */
export const HASH_SPACE = 1n << 64n

/** What a request to a worker must name beside the shard; a worker that knows better refuses. */
export interface ShardEpoch {
  readonly membership: bigint
  readonly range: bigint
}

export interface ReplicaRoute {
  readonly replicaId: ReplicaId
  readonly workerId: WorkerId
  readonly learner: boolean
  /** A learner for ever, there to be searched. */
  readonly searchOnly: boolean
  /** On its way out of the shard. */
  readonly leaving: boolean
}

export interface ShardRoute {
  readonly shardId: ShardId
  readonly epoch: ShardEpoch
  /** Hashes [rangeStart, rangeEnd). */
  readonly rangeStart: bigint
  readonly rangeEnd: bigint
  readonly replicas: readonly ReplicaRoute[]
  /** Absent while placement has heard of no leader. */
  readonly leader: WorkerId | undefined
  /** Why there is no leader, where known. */
  readonly failure: ShardFailure | undefined
}

export interface ShardFailure {
  readonly reason: ErrorReason
  readonly message: string
}

export interface CollectionRoute {
  readonly name: string
  /** The collection as placement describes it, without counts. */
  readonly collection: vectron.Collection
  /** Invariant: in the order of ranges, which tile [0, 2^64) without gap or overlap. */
  readonly shards: readonly ShardRoute[]
  /** By name. */
  readonly rerankPresets: ReadonlyMap<string, vectron.RerankPreset>
}

export interface WorkerRoute {
  readonly workerId: WorkerId
  readonly address: string
  /** Milliseconds since the epoch, of placement's clock; 0 before the first. */
  readonly lastHeartbeatMs: number
  readonly draining: boolean
}

export interface RoutingTable {
  readonly version: bigint
  readonly clusterId: string
  /** By name, in the order of names. */
  readonly collections: ReadonlyMap<string, CollectionRoute>
  readonly workers: ReadonlyMap<WorkerId, WorkerRoute>
  /** Second names of collections, with the names that they stand for; in their order. */
  readonly aliases: ReadonlyMap<string, string>
}

/** What a router holds before it has asked placement. */
export const EMPTY_TABLE: RoutingTable = {
  version: 0n,
  clusterId: '',
  collections: new Map(),
  workers: new Map(),
  aliases: new Map(),
}

/** The table of placement's message. A message whose ranges do not tile is a bug of placement. */
export function parseRoutingTable(message: placement.RoutingTable): RoutingTable {
  const collections = message.collections
    .map(parseCollectionRoute)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  return {
    version: message.version,
    clusterId: message.clusterId,
    collections: new Map(collections.map((route) => [route.name, route])),
    workers: new Map(
      message.workers.map((entry) => [workerId(entry.workerId), parseWorkerRoute(entry)]),
    ),
    aliases: new Map(message.aliases.map(({ alias, collection }) => [alias, collection])),
  }
}

/** The shard that owns an id. */
export function shardOfId(route: CollectionRoute, id: string): ShardRoute {
  const [first] = route.shards
  if (route.shards.length === 1 && first !== undefined) return first
  return shardOfHash(route, hashId(id))
}

/** The shard that owns a hash: a binary search, which the tiling invariant lets always succeed. */
export function shardOfHash(route: CollectionRoute, hash: bigint): ShardRoute {
  let low = 0
  let high = route.shards.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (assertDefined(route.shards[middle], 'within bounds').rangeStart <= hash) low = middle
    else high = middle - 1
  }
  return assertDefined(route.shards[low], 'a collection has a shard')
}

/**
 * A shard of the collection by its id.
 *
 * @throws VectronError STALE_EPOCH: one that left the routing is old news, not a caller's mistake.
 */
export function shardById(route: CollectionRoute, id: ShardId): ShardRoute {
  const found = route.shards.find((shard) => shard.shardId === id)
  if (found !== undefined) return found
  throw new VectronError('STALE_EPOCH', `Shard ${id} no longer belongs to "${route.name}".`)
}

/** Whether one replica alone can lead the shard. */
export function hasOneVoter({ replicas }: ShardRoute): boolean {
  return replicas.filter(({ learner }) => !learner).length === 1
}

/**
 * The table's golden text: one line for each shard, as tests, CLI and console show it. `*` leads,
 * `?` is to be a voter, `-` is for searches alone.
 */
export function formatRoutingTable(table: RoutingTable): string {
  const lines = [`routing v${table.version}`]
  for (const route of table.collections.values()) {
    lines.push(`${route.name} ${route.collection.dimension}d`)
    for (const shard of route.shards) lines.push(`  ${formatShardRoute(shard)}`)
  }
  return lines.join('\n')
}

function formatShardRoute(shard: ShardRoute): string {
  const end = shard.rangeEnd === HASH_SPACE ? 'end' : u64ToHex(shard.rangeEnd)
  const replicas = shard.replicas.map(({ replicaId, workerId, learner, searchOnly }) => {
    const kind = searchOnly ? '-' : learner ? '?' : ''
    return `${replicaId}@${workerId}${kind}${workerId === shard.leader ? '*' : ''}`
  })
  const { membership, range } = shard.epoch
  return `shard ${shard.shardId} e${membership}.${range} [${u64ToHex(shard.rangeStart)}, ${end}) ${replicas.join(' ')}`
}

function parseCollectionRoute(message: placement.CollectionRouting): CollectionRoute {
  const collection = assertDefined(message.collection, 'a routed collection is described')
  const shards = message.shards
    .map(parseShardRoute)
    .sort((a, b) => (a.rangeStart < b.rangeStart ? -1 : 1))
  checkTiling(collection.name, shards)
  const rerankPresets = new Map(message.rerankPresets.map((preset) => [preset.name, preset]))
  return { name: collection.name, collection, shards, rerankPresets }
}

function parseShardRoute(message: placement.ShardRouting): ShardRoute {
  return {
    shardId: shardId(message.shardId),
    epoch: {
      membership: message.epoch?.membership ?? 0n,
      range: message.epoch?.range ?? 0n,
    },
    rangeStart: message.rangeStart,
    rangeEnd: message.rangeEnd === 0n ? HASH_SPACE : message.rangeEnd,
    replicas: message.replicas.map((replica) => ({
      replicaId: replicaId(replica.replicaId),
      workerId: workerId(replica.workerId),
      learner: replica.learner,
      searchOnly: replica.searchOnly,
      leaving: replica.leaving,
    })),
    leader: message.leaderWorkerId === 0n ? undefined : workerId(message.leaderWorkerId),
    failure: message.failure && parseFailure(message.failure),
  }
}

function parseFailure({ reason, message }: worker.ShardFailure): ShardFailure {
  return { reason: isErrorReason(reason) ? reason : 'SHARD_UNAVAILABLE', message }
}

function parseWorkerRoute(entry: placement.WorkerEntry): WorkerRoute {
  return {
    workerId: workerId(entry.workerId),
    address: entry.address,
    lastHeartbeatMs: Number(entry.lastHeartbeatMs),
    draining: entry.draining,
  }
}

function checkTiling(name: string, shards: readonly ShardRoute[]): void {
  let next = 0n
  for (const { shardId, rangeStart, rangeEnd } of shards) {
    const fits = rangeStart === next && rangeEnd > rangeStart
    assert(fits, `shard ${shardId} of "${name}" begins at ${rangeStart}, not at ${next}`)
    next = rangeEnd
  }
  assert(next === HASH_SPACE, `the shards of "${name}" end at ${next}`)
}
