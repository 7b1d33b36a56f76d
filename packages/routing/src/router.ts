/**
 * Router: from a collection and ids to shards and workers, by a cached routing table.
 *
 * The cache is never waited for and never trusted: a request goes out by the table at hand, and the
 * worker that knows better refuses it (STALE_EPOCH, NOT_LEADER), upon which retry.ts has the table
 * refreshed. Concurrent refreshes share one call.
 */

import { type Clock, type Deadline, didYouMean, type Random, VectronError } from '@vectron/base'
import type { ConnectWorker, PlacementDoor, WorkerDoor } from './doors.ts'
import { type RetryOptions, retryRouted } from './retry.ts'
import {
  type CollectionRoute,
  EMPTY_TABLE,
  parseRoutingTable,
  type RoutingTable,
  type ShardRoute,
} from './routing-table.ts'

export interface RouterOptions {
  readonly placement: PlacementDoor
  readonly connectWorker: ConnectWorker
  readonly clock: Clock
  readonly random: Random
}

export class Router {
  readonly #options: RouterOptions
  #table: RoutingTable = EMPTY_TABLE
  #refreshing: Promise<RoutingTable> | undefined

  constructor(options: RouterOptions) {
    this.#options = options
  }

  /** The table at hand; possibly old. */
  get table(): RoutingTable {
    return this.#table
  }

  /** Asks placement for a newer table. Callers meanwhile get the answer of the same call. */
  refresh(): Promise<RoutingTable> {
    this.#refreshing ??= this.#fetch().finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  /**
   * Asks for the whole table even when its version is current: times of heartbeats change without
   * one.
   */
  reload(): Promise<RoutingTable> {
    return this.#fetch(0n)
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

  /** The door to the worker that leads the shard. */
  leaderOf(shard: ShardRoute): WorkerDoor {
    const worker = shard.leader === undefined ? undefined : this.#table.workers.get(shard.leader)
    if (worker === undefined) throw this.#noLeader(shard)
    return this.#options.connectWorker(worker.address)
  }

  /** Runs `attempt` until it succeeds, its error is final, or the deadline leaves no room. */
  retry<T>(deadline: Deadline, attempt: (number: number) => Promise<T>): Promise<T> {
    const { clock, random } = this.#options
    const options: RetryOptions = { clock, random, deadline, refresh: () => this.refresh() }
    return retryRouted(options, attempt)
  }

  async #fetch(knownVersion = this.#table.version): Promise<RoutingTable> {
    const answer = await this.#options.placement.getRouting({ knownVersion })
    if (answer.table !== undefined) this.#table = parseRoutingTable(answer.table)
    return this.#table
  }

  /** Why nobody leads the shard. A failure that is final goes to the caller at once. */
  #noLeader({ shardId, failure }: ShardRoute): VectronError {
    const subject = `shard ${shardId}`
    if (failure === undefined) {
      return new VectronError('SHARD_UNAVAILABLE', `Shard ${shardId} has no leader.`, { subject })
    }
    // The next request should see it when the shard has recovered meanwhile.
    this.refresh().catch(() => {})
    return new VectronError(failure.reason, failure.message, { subject })
  }
}
