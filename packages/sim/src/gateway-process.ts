/**
 * A gateway of the simulated cluster with its clients: the real routing and its one place of
 * retries.
 *
 * Clients write, delete and read a few ids, alone and in batches, with short and long deadlines,
 * and repeat writes whose outcome they were not told. Their history outlives them. Searches go
 * through the gateway's real cache of answers, some of which it has from other gateways.
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import {
  createMetrics,
  deadlineAfter,
  type LogIndex,
  logIndex,
  type ShardId,
  sleep,
  toVectronError,
} from '@vectron/base'
import { engine, worker } from '@vectron/contracts'
import {
  CachedSearches,
  type KeptAnswer,
  ResultCache,
  readPromise,
  type SharedAnswers,
  WrittenPositions,
} from '@vectron/gateway-service'
import {
  advancePosition,
  type ReadFreshness,
  Router,
  readShard,
  searchShards,
  shardOfId,
  writeItems,
} from '@vectron/routing'
import { encodeCommand, encodeUpsert } from '@vectron/shard'
import {
  type ClientHistory,
  type Consistency,
  type Floors,
  type ShardWrite,
  writtenBy,
} from './client-history.ts'
import { connectPlacement } from './connect-placement.ts'
import { decodePoint } from './model-engine.ts'
import { type Life, SimProcess } from './sim-process.ts'
import type { SimWorld } from './sim-world.ts'

export interface GatewayProcessOptions {
  readonly name: string
  readonly placementNames: readonly string[]
  readonly collections: readonly string[]
  /** Ids of each collection. */
  readonly idsPerCollection: number
  readonly clients: number
  readonly history: ClientHistory
  /** What all gateways keep for each other. */
  readonly shared: SharedStore
}

/** Answers by key, with the time at which they were put there. */
export type SharedStore = Map<
  string,
  { readonly kept: KeptAnswer<SearchAnswers>; readonly putMs: number }
>

/** Encoded `engine.v1.SearchResult`, by shard. */
export type SearchAnswers = ReadonlyMap<ShardId, Uint8Array>

/** What one client remembers of its own. */
interface Client {
  readonly name: string
  readonly router: Router
  readonly life: Life
  /** Of its gateway. */
  readonly searches: CachedSearches<SearchAnswers>
  readonly written: WrittenPositions
  /** Its session: how far each shard must have applied. */
  readonly positions: Map<ShardId, LogIndex>
  /** Its session: the version of each id that it wrote last. */
  readonly versions: Map<string, bigint>
  /** Writes whose outcome it was not told. */
  readonly unknown: PendingWrite[]
}

interface PendingWrite {
  readonly requestId: string
  readonly collection: string
  readonly ids: readonly string[]
  readonly kind: 'upsert' | 'delete'
  /** What was told of the ids before it was first sent. */
  readonly before: Floors
}

const THINK_MS_MAX = 250
const DEADLINES_MS = [300, 2000, 6000]
const UNKNOWN_KEPT = 8
const VECTOR = new Uint8Array(4)
/** Memory for the answers of a gateway: none is ever pushed out. */
const CACHE_BYTES = 1 << 20
const ANSWER_BYTES = 100
const EVENTUAL_AGE_MS_MAX = 1000
const SHARED_DELAY_MS_MAX = 10
/** Searches are strong mostly: that is the hardest promise. */
const SEARCHES = [
  ['strong', 6],
  ['session', 3],
  ['eventual', 1],
] as const

const OPERATIONS = [
  ['upsert', 45],
  ['delete', 5],
  ['repeat', 10],
  ['strong', 20],
  ['session', 8],
  ['eventual', 4],
  ['search', 24],
] as const

export class GatewayProcess extends SimProcess {
  readonly #options: GatewayProcessOptions
  /** Clients stop between two operations when this is false. */
  isBusy = false
  #router: { readonly router: Router; readonly life: Life } | undefined
  #requests = 0

  constructor(world: SimWorld, options: GatewayProcessOptions) {
    super(world, options.name)
    this.#options = options
  }

  protected async open(life: Life): Promise<void> {
    const { placementNames, clients } = this.#options
    const doors = new Map<string, ReturnType<typeof this.connectWorker>>()
    const router = new Router({
      placement: connectPlacement(this.world, life, placementNames),
      connectWorker: (address) => {
        const door = doors.get(address) ?? this.connectWorker(life, address)
        doors.set(address, door)
        return door
      },
      clock: life.clock,
      random: this.random,
    })
    // As the gateway does: newer tables arrive by themselves, mostly.
    if (this.random.chance(0.8)) router.follow()
    this.#router = { router, life }
    const searches = this.#openSearches(life)
    const written = new WrittenPositions()
    for (let number = 1; number <= clients; number++) {
      void this.#runClient({
        name: `${this.name}.${number}`,
        router,
        life,
        searches,
        written,
        positions: new Map(),
        versions: new Map(),
        unknown: [],
      })
    }
  }

  #openSearches({ clock }: Life): CachedSearches<SearchAnswers> {
    const { shared: store } = this.#options
    const metrics = createMetrics()
    const shared: SharedAnswers<SearchAnswers> = {
      get: async (key) => {
        await sleep(clock, this.random.nextFloat() * SHARED_DELAY_MS_MAX)
        const found = store.get(key)
        if (found === undefined) return undefined
        const ageMs = found.kept.ageMs + this.world.clock.monotonicUs() / 1000 - found.putMs
        return { ...found.kept, ageMs, shared: true }
      },
      put: (key, kept) => {
        store.set(key, { kept, putMs: this.world.clock.monotonicUs() / 1000 })
      },
    }
    const cache = new ResultCache<SearchAnswers>({ bytesMax: CACHE_BYTES, clock, metrics })
    return new CachedSearches({ cache, shared, clock, metrics })
  }

  protected closed(): void {
    this.#router = undefined
  }

  protected connectWorker(life: Life, address: string) {
    return this.world.rpc.connect(worker.Worker, life, address)
  }

  /** Reads every id that a client was ever told of. Rejects when one cannot be read in time. */
  async readAll(ids: readonly string[], timeoutMs: number): Promise<void> {
    const { router, life } = this.#router!
    const client: Client = {
      name: `${this.name}.all`,
      router,
      life,
      searches: this.#openSearches(life),
      written: new WrittenPositions(),
      positions: new Map(),
      versions: new Map(),
      unknown: [],
    }
    for (const id of ids) await this.#read(client, id, 'strong', timeoutMs)
  }

  async #runClient(client: Client): Promise<void> {
    const { clock } = client.life
    for (;;) {
      await sleep(clock, this.random.nextFloat() * THINK_MS_MAX)
      if (!this.isBusy) continue
      const timeoutMs = this.random.pick(DEADLINES_MS)
      try {
        await this.#operate(client, this.random.pickWeighted(OPERATIONS), timeoutMs)
      } catch (error) {
        const { reason, message } = toVectronError(error)
        this.world.trace.add(client.name, `failed: ${reason} ${message}`)
        if (reason === 'INTERNAL') this.world.violations.add('no call fails as internal', message)
      }
    }
  }

  #operate(
    client: Client,
    operation: (typeof OPERATIONS)[number][0],
    timeoutMs: number,
  ): Promise<void> {
    const { collections } = this.#options
    switch (operation) {
      case 'upsert':
      case 'delete':
        return this.#write(client, this.#newWrite(client, operation), timeoutMs)
      case 'repeat': {
        const write = client.unknown[this.random.nextBelow(Math.max(1, client.unknown.length))]
        return write === undefined ? Promise.resolve() : this.#write(client, write, timeoutMs)
      }
      case 'strong':
      case 'session':
      case 'eventual':
        return this.#read(client, this.#pickId(this.random.pick(collections)), operation, timeoutMs)
      case 'search':
        return this.#search(client, this.random.pick(collections), timeoutMs)
    }
  }

  #newWrite(client: Client, kind: 'upsert' | 'delete'): PendingWrite {
    const collection = this.random.pick(this.#options.collections)
    const count = this.random.chance(0.3) ? 1 + this.random.nextBelow(4) : 1
    const ids = new Set(Array.from({ length: count }, () => this.#pickId(collection)))
    this.#requests += 1
    const requestId = `${client.name}-${client.life.bootEpoch}-${this.#requests}`
    const before = this.#options.history.floors([...ids])
    return { requestId, collection, ids: [...ids], kind, before }
  }

  /** Ids name their collection, so that the history can tell them apart. */
  #pickId(collection: string): string {
    return `${collection}/${this.random.nextBelow(this.#options.idsPerCollection)}`
  }

  async #write(client: Client, write: PendingWrite, timeoutMs: number): Promise<void> {
    const { history } = this.#options
    const { requestId, collection, ids, kind } = write
    this.world.trace.add(client.name, `${kind} ${requestId} of ${ids} within ${timeoutMs} ms`)
    this.#remember(client, write)
    const sent = new Map<ShardId, ShardWrite>()
    const { positions } = await writeItems(client.router, {
      collection,
      items: ids,
      shardOf: shardOfId,
      encode: (items, shard) => {
        sent.set(shard, { shard, requestId, ids: items })
        return encodeWrite(write, items, client.life.clock.nowMs())
      },
      deadline: deadlineAfter(client.life.clock, timeoutMs),
    })
    client.unknown.splice(client.unknown.indexOf(write), 1)
    client.written.note(positions)
    for (const [shard, index] of positions) {
      const version = history.onWritten(sent.get(shard)!, write.before)
      advancePosition(client.positions, shard, index)
      for (const id of sent.get(shard)!.ids) client.versions.set(id, version)
      this.world.trace.add(client.name, `acknowledged ${requestId} in ${shard} at ${index}`)
    }
  }

  #remember(client: Client, write: PendingWrite): void {
    if (client.unknown.includes(write)) return
    client.unknown.push(write)
    if (client.unknown.length > UNKNOWN_KEPT) client.unknown.shift()
  }

  async #read(
    client: Client,
    id: string,
    consistency: Consistency,
    timeoutMs: number,
  ): Promise<void> {
    const { history } = this.#options
    const before = this.#promised(client, [id], consistency)
    let shard = 0n
    const read = create(engine.ReadRequestSchema, { read: { case: 'get', value: { ids: [id] } } })
    const bytes = await readShard(client.router, {
      collection: collectionOf(id),
      shard: (route) => {
        const owner = shardOfId(route, id)
        shard = owner.shardId
        return owner
      },
      read: toBinary(engine.ReadRequestSchema, read),
      freshness: this.#freshness(client, consistency),
      deadline: deadlineAfter(client.life.clock, timeoutMs),
    })
    const { points } = fromBinary(engine.ReadResultSchema, bytes)
    const point = decodePoint(points[0]!.point)
    this.world.trace.add(
      client.name,
      `${consistency} read of ${id} shows ${point.value} at ${point.version}`,
    )
    history.onRead(shard, point, before, consistency)
  }

  async #search(client: Client, collection: string, timeoutMs: number): Promise<void> {
    const { history, idsPerCollection } = this.#options
    const { router, life, searches, written } = client
    const consistency = this.random.pickWeighted(SEARCHES)
    const ids = Array.from({ length: idsPerCollection }, (_, n) => `${collection}/${n}`)
    const before = this.#promised(client, ids, consistency)
    const freshness = this.#freshness(client, consistency)
    const deadline = deadlineAfter(life.clock, timeoutMs)
    const { shards } = await router.route(collection)
    const key = `${collection} ${shards.map(({ shardId }) => shardId)}`
    const promise = readPromise(router, {
      freshness,
      collection,
      shards: (route) => route.shards,
      deadline,
      written: written.positions,
      eventualAgeMsMax: EVENTUAL_AGE_MS_MAX,
    })
    const answered = await searches.answer({ key, ...promise, deadline }, async () => {
      const { answers, failures } = await searchShards(router, {
        collection,
        encode: () => new Uint8Array(),
        freshness,
        allowPartial: true,
        deadline,
      })
      const lasting = failures.size === 0
      return { answer: answers, positions: positionsOf(answers), bytes: ANSWER_BYTES, lasting }
    })
    const kept = answered.kind === 'kept' ? answered.kept : undefined
    const answers = answered.kind === 'kept' ? answered.kept.answer : answered.fresh.answer
    let found = 0
    for (const [shard, bytes] of answers) {
      const [result] = fromBinary(engine.SearchResultSchema, bytes).results
      for (const point of result?.points ?? []) {
        history.onRead(shard, decodePoint(point), before, consistency)
        found += 1
      }
    }
    const from = kept === undefined ? 'the shards' : kept.shared ? 'another gateway' : 'memory'
    this.world.trace.add(
      client.name,
      `${consistency} search of ${collection}: ${found} points in ${answers.size} shards, from ${from}`,
    )
  }

  /** What a read of these ids must not fall behind. */
  #promised(client: Client, ids: readonly string[], consistency: Consistency) {
    switch (consistency) {
      case 'strong':
        return this.#options.history.floors(ids)
      case 'session':
        return new Map(client.versions)
      case 'eventual':
        return new Map()
    }
  }

  #freshness(client: Client, consistency: Consistency): ReadFreshness {
    if (consistency !== 'session') return { kind: consistency }
    return { kind: 'session', positions: new Map(client.positions) }
  }
}

function encodeWrite(
  { requestId, kind }: PendingWrite,
  ids: readonly string[],
  timeMs: number,
): Uint8Array {
  const head = { requestId, timeMs }
  if (kind === 'delete') {
    const value = create(engine.DeletePointsSchema, { ids: [...ids] })
    return encodeCommand(head, { case: 'delete', value })
  }
  const payload = new Uint8Array(Buffer.from(writtenBy(requestId)))
  return encodeUpsert(
    head,
    ids.map((id) => ({ id, vector: VECTOR, payload })),
  )
}

function collectionOf(id: string): string {
  return id.slice(0, id.indexOf('/'))
}

function positionsOf(answers: SearchAnswers): Map<ShardId, LogIndex> {
  return new Map(
    [...answers].map(([shard, bytes]) => {
      const { appliedIndex } = fromBinary(engine.SearchResultSchema, bytes)
      return [shard, logIndex(appliedIndex)]
    }),
  )
}
