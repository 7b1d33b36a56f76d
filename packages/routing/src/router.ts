/**
 * Router: from a collection and ids to shards and workers, by a cached routing table.
 *
 * The cache is never waited for and never trusted: a request goes out by the table at hand, and the
 * worker that knows better refuses it (STALE_EPOCH, NOT_LEADER), upon which retry.ts has the table
 * refreshed. Concurrent refreshes share one call. While it follows placement, a newer table arrives
 * by itself, mostly before anybody is refused.
 *
 * Owns the table and what was learnt beside it: leaders that refusals named, replicas that failed a
 * moment ago. All of it is a guess that costs a try when it is wrong.
 */

import {
  type Clock,
  didYouMean,
  type Random,
  type ReplicaId,
  type ShardId,
  sleep,
  VectronError,
  type WorkerId,
} from '@vectron/base'
import type { placement } from '@vectron/contracts'
import type { ConnectWorker, PlacementDoor } from './doors.ts'
import { HedgeBudget } from './hedge-budget.ts'
import { type RetryLimits, retryRouted } from './retry.ts'
import {
  type CollectionRoute,
  EMPTY_TABLE,
  parseRoutingTable,
  type ReplicaRoute,
  type RoutingTable,
  type ShardRoute,
  type WorkerRoute,
} from './routing-table.ts'
import { ShardLatency } from './shard-latency.ts'
import { WorkerCalls } from './worker-calls.ts'

export interface RouterOptions {
  readonly placement: PlacementDoor
  readonly connectWorker: ConnectWorker
  readonly clock: Clock
  readonly random: Random
  /** By which placement counts the gateways; default: this is none. */
  readonly gatewayId?: bigint
}

/** Milliseconds that placement may keep a table back that is current. */
const FOLLOW_WAIT_MS = 1000
/** Milliseconds beyond that after which the call counts as lost. */
const FOLLOW_GRACE_MS = 5000
/** Least milliseconds between two calls of following, also where placement keeps nothing back. */
const FOLLOW_PAUSE_MS = 100
const FOLLOW_PAUSE_MS_UNCHANGED = 1000
/** Milliseconds that a replica which failed is asked only when no other can be. */
const AVOID_MS = 1000

/** A leader that a refusal named, and whom the table named then. */
interface LearnedLeader {
  readonly leader: WorkerId
  readonly instead: WorkerId | undefined
}

export class Router {
  readonly #options: RouterOptions
  readonly calls: WorkerCalls
  readonly hedges = new HedgeBudget()
  #table: RoutingTable = EMPTY_TABLE
  #gateways = 1
  #rerankers: readonly string[] = []
  #refreshing: Promise<RoutingTable> | undefined
  readonly #learned = new Map<ShardId, LearnedLeader>()
  /** Monotonic microseconds until which a replica is avoided. */
  readonly #avoided = new Map<ReplicaId, number>()
  /** By shard and kind of read. */
  readonly #latencies = new Map<ShardId, Map<string, ShardLatency>>()
  #closing: AbortController | undefined

  constructor(options: RouterOptions) {
    this.#options = options
    this.calls = new WorkerCalls(options)
  }

  get clock(): Clock {
    return this.#options.clock
  }

  get random(): Random {
    return this.#options.random
  }

  /** The table at hand; possibly old. */
  get table(): RoutingTable {
    return this.#table
  }

  /** Gateways of the cluster, this one included, as placement last knew. */
  get gateways(): number {
    return this.#gateways
  }

  /** Addresses of the instances of the reranker, as placement last knew; in their order. */
  get rerankers(): readonly string[] {
    return this.#rerankers
  }

  /** Keeps the table current in the background until `close`. */
  follow(): void {
    if (this.#closing !== undefined) return
    this.#closing = new AbortController()
    void this.#follow(this.#closing.signal)
  }

  close(): void {
    this.#closing?.abort()
    this.calls.close()
  }

  /** Asks placement for a newer table. Callers meanwhile get the answer of the same call. */
  refresh(): Promise<RoutingTable> {
    this.#refreshing ??= this.#fetch({ knownVersion: this.#table.version }).finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  /**
   * Asks for the whole table even when its version is current: times of heartbeats change without
   * one.
   */
  reload(): Promise<RoutingTable> {
    return this.#fetch({ knownVersion: 0n })
  }

  /**
   * The route of a collection. One that the table does not know may be new: placement is asked
   * before it is refused.
   *
   * @throws VectronError COLLECTION_NOT_FOUND
   */
  async route(collection: string): Promise<CollectionRoute> {
    const known = this.#table.collections.get(collection)
    if (known !== undefined) return known
    const { collections } = await this.refresh()
    const route = collections.get(collection)
    if (route !== undefined) return route
    const hint = didYouMean(collection, collections.keys())
    throw new VectronError(
      'COLLECTION_NOT_FOUND',
      `There is no collection "${collection}".${hint}`,
      { subject: collection },
    )
  }

  /** The collection that a name stands for, by the table at hand; undefined: not known there. */
  peekName(name: string): string | undefined {
    const { collections, aliases } = this.#table
    return collections.has(name) ? name : aliases.get(name)
  }

  /** The same, after placement was asked about an unknown name; itself when nobody knows it. */
  async resolveName(name: string): Promise<string> {
    const known = this.peekName(name)
    if (known !== undefined) return known
    await this.refresh()
    return this.peekName(name) ?? name
  }

  /** Whether there are other workers to turn to; with one alone nothing is watched or measured. */
  get hasChoice(): boolean {
    return this.#table.workers.size > 1
  }

  /** The worker of a replica; undefined when the table knows none. */
  workerOf(worker: WorkerId): WorkerRoute | undefined {
    return this.#table.workers.get(worker)
  }

  /** The worker that leads the shard, by the table or by what a refusal said since. */
  leaderOf(shard: ShardRoute): WorkerId | undefined {
    const learned = this.#learned.get(shard.shardId)
    if (learned === undefined) return shard.leader
    if (learned.instead === shard.leader) return learned.leader
    this.#learned.delete(shard.shardId)
    return shard.leader
  }

  /** A replica has said who leads. */
  learnLeader(shard: ShardRoute, leader: WorkerId): void {
    this.#learned.set(shard.shardId, { leader, instead: shard.leader })
  }

  /** The shard's replica on this worker has failed; for a while others are asked first. */
  avoid(shard: ShardRoute, worker: WorkerId): void {
    const replica = shard.replicas.find(({ workerId }) => workerId === worker)
    if (replica === undefined || shard.replicas.length === 1) return
    this.#avoided.set(replica.replicaId, this.clock.monotonicUs() + AVOID_MS * 1000)
  }

  isAvoided({ replicaId }: ReplicaRoute): boolean {
    const untilUs = this.#avoided.get(replicaId)
    if (untilUs === undefined) return false
    if (untilUs > this.clock.monotonicUs()) return true
    this.#avoided.delete(replicaId)
    return false
  }

  /** How long one kind of read of a shard takes. */
  latencyOf({ shardId }: ShardRoute, kind: string): ShardLatency {
    const ofShard = this.#latencies.get(shardId) ?? new Map<string, ShardLatency>()
    const latency = ofShard.get(kind) ?? new ShardLatency()
    ofShard.set(kind, latency)
    this.#latencies.set(shardId, ofShard)
    return latency
  }

  /** Why nobody can be asked. A failure that placement knows of is final. */
  unavailable({ shardId, failure }: ShardRoute): VectronError {
    const subject = `shard ${shardId}`
    if (failure === undefined) {
      return new VectronError('SHARD_UNAVAILABLE', `Shard ${shardId} has no leader.`, { subject })
    }
    // The next request should see it when the shard has recovered meanwhile.
    this.refresh().catch(() => {})
    return new VectronError(failure.reason, failure.message, { subject })
  }

  /** Runs `attempt` until it succeeds, its error is final, or the limits leave no room. */
  retry<T>(
    limits: Pick<RetryLimits, 'deadline' | 'triesMax'>,
    attempt: (number: number) => Promise<T>,
  ): Promise<T> {
    const { clock, random } = this.#options
    return retryRouted({ ...limits, clock, random, refresh: () => this.refresh() }, attempt)
  }

  async #fetch(
    request: { readonly knownVersion: bigint; readonly waitMs?: number },
    options: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
  ): Promise<RoutingTable> {
    const { placement, gatewayId = 0n } = this.#options
    const answer = await placement.getRouting({ ...request, gatewayId }, options)
    if (answer.gateways > 0) this.#gateways = answer.gateways
    if (answer.rerankers !== undefined) this.#learnRerankers(answer.rerankers)
    // Answers may overtake each other.
    if (answer.table !== undefined && answer.table.version >= this.#table.version) {
      this.#adopt(parseRoutingTable(answer.table))
    }
    return this.#table
  }

  /** A new leader of placement may not have heard of all: those known before are kept then. */
  #learnRerankers({ addresses, complete }: placement.Rerankers): void {
    const known = complete ? addresses : [...new Set([...this.#rerankers, ...addresses])].sort()
    this.#rerankers = known
  }

  #adopt(table: RoutingTable): void {
    this.#table = table
    this.calls.keepOnly(new Set([...table.workers.values()].map(({ address }) => address)))
    const shards = [...table.collections.values()].flatMap((route) => route.shards)
    const shardIds = new Set(shards.map(({ shardId }) => shardId))
    for (const known of [this.#learned, this.#latencies]) {
      for (const shardId of known.keys()) if (!shardIds.has(shardId)) known.delete(shardId)
    }
    const nowUs = this.clock.monotonicUs()
    for (const [id, untilUs] of this.#avoided) if (untilUs <= nowUs) this.#avoided.delete(id)
  }

  async #follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { version } = this.#table
      const startUs = this.clock.monotonicUs()
      const request = { knownVersion: version, waitMs: FOLLOW_WAIT_MS }
      const limits = { timeoutMs: FOLLOW_WAIT_MS + FOLLOW_GRACE_MS, signal }
      // Without placement the table at hand goes on being used; requests say what is wrong.
      await this.#fetch(request, limits).catch(() => {})
      const changed = this.#table.version !== version
      const elapsedMs = (this.clock.monotonicUs() - startUs) / 1000
      const pauseMs = (changed ? FOLLOW_PAUSE_MS : FOLLOW_PAUSE_MS_UNCHANGED) - elapsedMs
      await sleep(this.clock, Math.max(FOLLOW_PAUSE_MS, pauseMs), signal).catch(() => {})
    }
  }
}
