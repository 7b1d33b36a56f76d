/**
 * A gateway of the simulated cluster with its clients: the real routing and its one place of
 * retries.
 *
 * Clients write, delete and read a few ids, alone and in batches, with short and long deadlines,
 * and repeat writes whose outcome they were not told. Some writes are for one version of a point,
 * and in some runs some points expire. Their history outlives them. Searches go through the
 * gateway's real cache of answers, some of which it has from other gateways; reads by an alias, and
 * switches of it, through the gateway's real look-up.
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import {
  createMetrics,
  deadlineAfter,
  isVectronError,
  type LogIndex,
  logIndex,
  type ShardId,
  sleep,
  toVectronError,
} from '@vectron/base'
import { engine, vectron, worker } from '@vectron/contracts'
import {
  CachedSearches,
  FollowedAlias,
  KEPT_MS,
  type KeptAnswer,
  ResultCache,
  readPromise,
  type SharedAnswers,
  updateAliases,
  WrittenPositions,
} from '@vectron/gateway-service'
import {
  advancePosition,
  type PlacementClient,
  type ReadFreshness,
  Router,
  readShard,
  searchShards,
  shardOfId,
  writeItems,
} from '@vectron/routing'
import { encodeCommand, encodeUpsert } from '@vectron/shard'
import { ALIAS, type AliasView } from './alias-history.ts'
import {
  type ClientHistory,
  type Consistency,
  type Floors,
  type ShardWrite,
  type Span,
  writtenBy,
} from './client-history.ts'
import { connectPlacement } from './connect-placement.ts'
import { decodePoint, type ReadPoint } from './model-engine.ts'
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
  /** Of its gateway. */
  readonly alias: AliasView
  readonly placement: PlacementClient
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
  /** The version that its points must have. */
  readonly ifVersion?: bigint
  /** When its points expire, in Unix milliseconds. */
  readonly expireMs?: number
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
/** Part of the gateways whose points expire, some of them: answers with these are not kept. */
const EXPIRING_PART = 0.5
/** Milliseconds after which they do. */
const EXPIRY_MS = [100, 1000, 5000, 3 * KEPT_MS]
/** Searches are strong mostly: that is the hardest promise. */
const SEARCHES = [
  ['strong', 6],
  ['session', 3],
  ['eventual', 1],
] as const

const OPERATIONS = [
  ['upsert', 40],
  ['expiring', 8],
  ['conditional', 10],
  ['delete', 5],
  ['repeat', 10],
  ['strong', 20],
  ['session', 8],
  ['eventual', 4],
  ['search', 24],
  ['by alias', 8],
  ['switch alias', 2],
] as const

export class GatewayProcess extends SimProcess {
  readonly #options: GatewayProcessOptions
  /** Clients stop between two operations when this is false. */
  isBusy = false
  readonly #hasExpiry: boolean
  #opened: Omit<Client, 'name'> | undefined
  #requests = 0

  constructor(world: SimWorld, options: GatewayProcessOptions) {
    super(world, options.name)
    this.#options = options
    this.#hasExpiry = world.randomFor('expiry').chance(EXPIRING_PART)
  }

  protected async open(life: Life): Promise<void> {
    const { placementNames, clients } = this.#options
    const doors = new Map<string, ReturnType<typeof this.connectWorker>>()
    const placement = connectPlacement(this.world, life, placementNames)
    const router = new Router({
      placement,
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
    const shared = {
      router,
      life,
      placement,
      searches: this.#openSearches(life),
      written: new WrittenPositions(),
      alias: { floor: 0 },
    }
    this.#opened = { ...shared, ...newSession() }
    for (let number = 1; number <= clients; number++) {
      void this.#runClient({ ...shared, ...newSession(), name: `${this.name}.${number}` })
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
        if (ageMs >= KEPT_MS) return undefined
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
    this.#opened = undefined
  }

  protected connectWorker(life: Life, address: string) {
    return this.world.rpc.connect(worker.Worker, life, address)
  }

  /** Reads every id that a client was ever told of. Rejects when one cannot be read in time. */
  async readAll(ids: readonly string[], timeoutMs: number): Promise<void> {
    const client = { ...this.#opened!, name: `${this.name}.all` }
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

  async #operate(
    client: Client,
    operation: (typeof OPERATIONS)[number][0],
    timeoutMs: number,
  ): Promise<void> {
    const { collections } = this.#options
    switch (operation) {
      case 'upsert':
      case 'delete':
        return this.#write(client, this.#newWrite(client, operation), timeoutMs)
      case 'expiring':
        return this.#write(client, this.#newExpiringWrite(client), timeoutMs)
      case 'conditional':
        return this.#writeIfVersion(client, timeoutMs)
      case 'repeat': {
        const write = client.unknown[this.random.nextBelow(Math.max(1, client.unknown.length))]
        if (write !== undefined) await this.#write(client, write, timeoutMs)
        return
      }
      case 'strong':
      case 'session':
      case 'eventual':
        await this.#read(client, this.#pickId(this.random.pick(collections)), operation, timeoutMs)
        return
      case 'search':
        return this.#search(client, this.random.pick(collections), timeoutMs)
      case 'by alias':
        return this.#readByAlias(client, timeoutMs)
      case 'switch alias':
        return this.#switchAlias(client, this.random.pick(collections), timeoutMs)
    }
  }

  #newExpiringWrite(client: Client): PendingWrite {
    const write = this.#newWrite(client, 'upsert')
    if (!this.#hasExpiry) return write
    const expireMs = Math.ceil(client.life.clock.nowMs() + this.random.pick(EXPIRY_MS))
    this.#options.history.onExpiring(write.requestId, expireMs)
    return { ...write, expireMs }
  }

  /** Writes a point if it is still as it was seen. */
  async #writeIfVersion(client: Client, timeoutMs: number): Promise<void> {
    const { collections, history } = this.#options
    const id = this.#pickId(this.random.pick(collections))
    const consistency = this.random.chance(0.7) ? 'strong' : 'eventual'
    const { value, version } = await this.#read(client, id, consistency, timeoutMs)
    const ifVersion = value === null ? 0n : version
    const write = { ...this.#newWrite(client, 'upsert'), ids: [id], collection: collectionOf(id) }
    return this.#write(client, { ...write, before: history.floors([id]), ifVersion }, timeoutMs)
  }

  async #readByAlias(client: Client, timeoutMs: number): Promise<void> {
    const { aliases } = this.world
    const { router, alias } = client
    const { floor } = alias
    const consistency = this.random.pickWeighted(SEARCHES)
    const number = this.random.nextBelow(this.#options.idsPerCollection)
    let collection = await router.resolveName(ALIAS)
    const followed = new FollowedAlias({
      names: router,
      alias: ALIAS,
      collection,
      put: (present) => {
        collection = present
      },
    })
    await followed.follow(() =>
      this.#read(client, `${collection}/${number}`, consistency, timeoutMs),
    )
    this.world.trace.add(client.name, `a read by the alias was about ${collection}`)
    aliases.onRead(alias, collection, floor)
  }

  async #switchAlias(client: Client, collection: string, timeoutMs: number): Promise<void> {
    const { aliases, planted, trace } = this.world
    const { router, placement, life, alias } = client
    const from = aliases.generations
    trace.add(client.name, `switch the alias to ${collection} within ${timeoutMs} ms`)
    const actions = [{ action: { case: 'switch' as const, value: { alias: ALIAS, collection } } }]
    const deadline = deadlineAfter(life.clock, timeoutMs)
    const request = create(vectron.UpdateAliasesRequestSchema, { actions })
    if (planted === 'keep-switched-alias') await placement.updateAliases({ actions }, { timeoutMs })
    else await updateAliases({ router, placement }, request, { deadline })
    trace.add(client.name, `the alias is switched to ${collection}`)
    aliases.onSwitched(alias, collection, from)
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
    const { ifVersion } = write
    const sent = new Map<ShardId, ShardWrite>()
    const writing = writeItems(client.router, {
      collection,
      items: ids,
      shardOf: shardOfId,
      encode: (items, shard) => {
        sent.set(shard, { shard, requestId, ids: items, ifVersion })
        return encodeWrite(write, items, client.life.clock.nowMs())
      },
      deadline: deadlineAfter(client.life.clock, timeoutMs),
    })
    const { positions } = await writing.catch((error: unknown) => {
      if (!isVectronError(error, 'VERSION_MISMATCH')) throw error
      forget(client, write)
      for (const refused of sent.values()) history.onRefused(refused)
      throw error
    })
    forget(client, write)
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
  ): Promise<ReadPoint> {
    const { history } = this.#options
    const before = this.#promised(client, [id], consistency)
    const span = this.#beginSpan()
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
    history.onRead(shard, point, { before, span: span(), consistency })
    return point
  }

  /** Answers when it ended that begins now. */
  #beginSpan(): () => Span {
    const { clock } = this.world
    const fromMs = clock.nowMs()
    return () => ({ fromMs, toMs: clock.nowMs() })
  }

  async #search(client: Client, collection: string, timeoutMs: number): Promise<void> {
    const { history, idsPerCollection } = this.#options
    const { router, life, searches, written } = client
    const consistency = this.random.pickWeighted(SEARCHES)
    const ids = Array.from({ length: idsPerCollection }, (_, n) => `${collection}/${n}`)
    const before = this.#promised(client, ids, consistency)
    const span = this.#beginSpan()
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
      const outlivesNone = earliestExpiry(answers) > life.clock.nowMs() + KEPT_MS
      const lasting = failures.size === 0 && outlivesNone
      return { answer: answers, positions: positionsOf(answers), bytes: ANSWER_BYTES, lasting }
    })
    const kept = answered.kind === 'kept' ? answered.kept : undefined
    const answers = answered.kind === 'kept' ? answered.kept.answer : answered.fresh.answer
    let found = 0
    for (const [shard, bytes] of answers) {
      const [result] = fromBinary(engine.SearchResultSchema, bytes).results
      for (const point of result?.points ?? []) {
        history.onRead(shard, decodePoint(point), { before, span: span(), consistency })
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
  { requestId, kind, ifVersion, expireMs }: PendingWrite,
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
    ids.map((id) => ({ id, vector: VECTOR, payload, ifVersion, expireMs })),
  )
}

/** What one client has of its own. */
function newSession(): Pick<Client, 'positions' | 'versions' | 'unknown'> {
  return { positions: new Map(), versions: new Map(), unknown: [] }
}

/** The client was told what became of the write. */
function forget({ unknown }: Client, write: PendingWrite): void {
  unknown.splice(unknown.indexOf(write), 1)
}

/** When the next point expires of those in the answers, in Unix milliseconds. */
function earliestExpiry(answers: SearchAnswers): number {
  const times = [...answers.values()].flatMap((bytes) => {
    const { results } = fromBinary(engine.SearchResultSchema, bytes)
    return results.flatMap(({ nextExpiryMs }) => (nextExpiryMs > 0n ? [Number(nextExpiryMs)] : []))
  })
  return Math.min(...times)
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
