/**
 * Looks into every replica by itself, past leaders and gateways: after healing, all replicas of a
 * shard must hold the same points, and their graphs must find them equally well.
 */
import { createHash } from 'node:crypto'
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import type { ShardInfo, ShardReplica } from '@vectron/client'
import { engine, vectron, worker } from '@vectron/contracts'
import type { Client, GrpcChannel } from '@vectron/rpc'
import { DIMENSION, vectorOf } from './ingest.ts'

const PAGE = 2_000
const TIMEOUT_MS = 30_000
const QUERIES = 100
const TOP_K = 10

/** One replica, and what it says. */
export interface ReplicaFacts {
  readonly shard: ShardInfo
  readonly replica: ShardReplica
  readonly worker: string
  readonly points: ReadonlyMap<string, string>
  /** Over the points as they are read: SHA-256 of payloads and vectors in the order of ids. */
  readonly readDigest: string
  /** Over the points as the replica keeps them, their versions among it. */
  readonly ownDigest: string
  /** Share of the true nearest ten that its graph finds; undefined for an empty shard. */
  readonly recall: number | undefined
}

export interface ReplicaLook {
  /** gRPC address of a worker by its id. */
  readonly addressOf: (workerId: number | string) => string
  readonly withRecall: (shard: ShardInfo) => boolean
  /** A connection by which a worker lets the caller in. */
  readonly connect: (address: string) => GrpcChannel
}

export async function lookIntoReplicas(
  shards: readonly ShardInfo[],
  { addressOf, withRecall, connect }: ReplicaLook,
): Promise<ReplicaFacts[]> {
  const channels = new Map<string, GrpcChannel>()
  const clientAt = (address: string) => {
    const channel = channels.get(address) ?? connect(address)
    channels.set(address, channel)
    return channel.client(worker.Worker)
  }
  try {
    const facts: ReplicaFacts[] = []
    for (const shard of shards) {
      for (const replica of shard.replicas) {
        const address = addressOf(replica.workerId)
        const reader = new ReplicaReader(clientAt(address), shard)
        const { points, readDigest } = await reader.readAll()
        const ownDigest = await reader.ownDigest()
        const recall = withRecall(shard) ? await reader.measureRecall(points) : undefined
        facts.push({ shard, replica, worker: address, points, readDigest, ownDigest, recall })
      }
    }
    return facts
  } finally {
    for (const channel of channels.values()) channel.close()
  }
}

/** What the replicas of one shard say differently. */
export function findDifferences(facts: readonly ReplicaFacts[]): string[] {
  return [...Map.groupBy(facts, ({ shard }) => shard.shardId).values()].flatMap((replicas) => {
    const [first, ...others] = replicas
    return others.flatMap((other) =>
      first === undefined || isEqual(first, other) ? [] : [describe(first, other)],
    )
  })
}

function isEqual(one: ReplicaFacts, other: ReplicaFacts): boolean {
  return one.readDigest === other.readDigest && one.ownDigest === other.ownDigest
}

function describe(one: ReplicaFacts, other: ReplicaFacts): string {
  const ids = new Set([...one.points.keys(), ...other.points.keys()])
  const differing = [...ids].filter((id) => one.points.get(id) !== other.points.get(id))
  const some = differing.slice(0, 3).map((id) => {
    const found = [one, other].map(({ points }) => points.get(id) ?? 'nothing')
    return `${id}: ${found.join(' and ')}`
  })
  const { shard } = one
  return (
    `shard ${shard.shardId} of ${shard.collection} differs on ${one.worker} and ${other.worker} ` +
    `in ${differing.length} points: ${some.join('; ') || 'their vectors or versions alone'}`
  )
}

class ReplicaReader {
  readonly #client: Client<typeof worker.Worker>
  readonly #header: MessageInitShape<typeof worker.ShardHeaderSchema>
  readonly #barrier: MessageInitShape<typeof worker.ReadBarrierSchema>

  constructor(client: Client<typeof worker.Worker>, shard: ShardInfo) {
    this.#client = client
    const epoch = {
      membership: BigInt(shard.membershipVersion),
      range: BigInt(shard.rangeVersion),
    }
    this.#header = { shardId: BigInt(shard.shardId), epoch }
    // What the leader has applied; nothing is written any more.
    const applied = shard.replicas.map(({ appliedIndex }) => Number(appliedIndex))
    const minAppliedIndex = BigInt(Math.max(0, ...applied))
    this.#barrier = { consistency: worker.ReadConsistency.SESSION, minAppliedIndex }
  }

  async ownDigest(): Promise<string> {
    const { minAppliedIndex } = this.#barrier
    const message = { shard: this.#header, minAppliedIndex: minAppliedIndex ?? 0n }
    const { digest } = await this.#client.getShardDigest(message, { timeoutMs: TIMEOUT_MS })
    return Buffer.from(digest).toString('hex')
  }

  async readAll(): Promise<{ points: Map<string, string>; readDigest: string }> {
    const hash = createHash('sha256')
    const points = new Map<string, string>()
    for (let afterId = ''; ; ) {
      const scroll = { limit: PAGE, afterId, withPayload: true, withVector: true }
      const page = await this.#read({ read: { case: 'scroll', value: scroll } })
      for (const { id, point } of page.points) {
        hash.update(point)
        const { payload } = fromBinary(vectron.PointSchema, point)
        points.set(id, Buffer.from(payload).toString())
        afterId = id
      }
      if (!page.more) return { points, readDigest: hash.digest('hex') }
    }
  }

  /** Against a comparison with every point that the replica has. */
  async measureRecall(points: ReadonlyMap<string, string>): Promise<number | undefined> {
    if (points.size < TOP_K) return undefined
    const all = [...points].map(([id, payload]) => ({ id, vector: vectorOf(valueIn(payload)) }))
    const queries = Array.from({ length: QUERIES }, (_, number) => vectorOf(-1 - number))
    const found = await this.#search(queries)
    let hits = 0
    for (const [place, query] of queries.entries()) {
      const nearest = all
        .map(({ id, vector }) => ({ id, distance: squaredDistance(query, vector) }))
        .sort((a, b) => a.distance - b.distance)
        .slice(0, TOP_K)
      hits += nearest.filter(({ id }) => found[place]?.has(id)).length
    }
    return hits / (QUERIES * TOP_K)
  }

  async #read(
    request: MessageInitShape<typeof engine.ReadRequestSchema>,
  ): Promise<engine.ReadResult> {
    const read = toBinary(engine.ReadRequestSchema, create(engine.ReadRequestSchema, request))
    const options = { timeoutMs: TIMEOUT_MS }
    const message = { shard: this.#header, barrier: this.#barrier, read }
    const { result } = await this.#client.readShard(message, options)
    return fromBinary(engine.ReadResultSchema, result)
  }

  /** Ids found, by query. */
  async #search(queries: readonly number[][]): Promise<Set<string>[]> {
    const request = create(engine.SearchRequestSchema, {
      queries: queries.map((vector) => ({
        vector: new Uint8Array(Float32Array.from(vector).buffer),
        topK: TOP_K,
      })),
    })
    const search = toBinary(engine.SearchRequestSchema, request)
    const shards = [{ shard: this.#header, barrier: this.#barrier }]
    const message = { shards, search }
    const { answers } = await this.#client.searchShards(message, { timeoutMs: TIMEOUT_MS })
    const answer = answers[0]?.answer
    if (answer?.case !== 'result') throw new Error(`a replica does not search: ${answer?.value}`)
    const { results } = fromBinary(engine.SearchResultSchema, answer.value)
    return results.map(
      ({ points }) =>
        new Set(points.map((point) => fromBinary(vectron.ScoredPointSchema, point).id)),
    )
  }
}

function valueIn(payload: string): number {
  return (JSON.parse(payload) as { value: number }).value
}

function squaredDistance(a: readonly number[], b: readonly number[]): number {
  let sum = 0
  for (let i = 0; i < DIMENSION; i++) sum += ((a[i] as number) - (b[i] as number)) ** 2
  return sum
}
