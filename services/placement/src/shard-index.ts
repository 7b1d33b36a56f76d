/**
 * ShardIndex: the catalog's shards by id and by worker, so that nobody scans all of them for one.
 *
 * Derived from the collections of the catalog, which own the shards. Replicas and epochs are
 * replaced, never changed in place: in one process, tables that were handed out hold the old ones.
 */

import { assertDefined } from '@vectron/base'
import type { placement } from '@vectron/contracts'
import { IdMap, type ReadonlyIdMap } from './id-map.ts'

/** A shard and the collection that it belongs to. */
export interface PlacedShard {
  readonly collection: placement.CatalogCollection
  readonly shard: placement.ShardRouting
}

const NOTHING: ReadonlyIdMap<PlacedShard> = new IdMap()

export class ShardIndex {
  readonly #shards = new IdMap<PlacedShard>()
  readonly #byWorker = new IdMap<IdMap<PlacedShard>>()

  get shards(): ReadonlyIdMap<PlacedShard> {
    return this.#shards
  }

  /** Shards of which the worker has a replica, one that is leaving included. */
  hostedBy(workerId: bigint): ReadonlyIdMap<PlacedShard> {
    return this.#byWorker.get(workerId) ?? NOTHING
  }

  add(collection: placement.CatalogCollection): void {
    for (const shard of collection.shards) {
      const placed = { collection, shard }
      this.#shards.set(shard.shardId, placed)
      for (const { workerId } of shard.replicas) this.#host(workerId, placed)
    }
  }

  drop(collection: placement.CatalogCollection): void {
    for (const shard of collection.shards) {
      this.#shards.delete(shard.shardId)
      for (const { workerId } of shard.replicas) this.#unhost(workerId, shard.shardId)
    }
  }

  setReplicas(shardId: bigint, replicas: placement.Replica[]): void {
    const placed = assertDefined(this.#shards.get(shardId), 'a shard that changes is there')
    for (const { workerId } of placed.shard.replicas) this.#unhost(workerId, shardId)
    placed.shard.replicas = replicas
    for (const { workerId } of replicas) this.#host(workerId, placed)
  }

  #host(workerId: bigint, placed: PlacedShard): void {
    const hosted = this.#byWorker.get(workerId) ?? new IdMap<PlacedShard>()
    this.#byWorker.set(workerId, hosted.set(placed.shard.shardId, placed))
  }

  #unhost(workerId: bigint, shardId: bigint): void {
    this.#byWorker.get(workerId)?.delete(shardId)
  }
}
