/**
 * How shards are, for people: what the catalog wants of each beside what was heard of it.
 */

import { create } from '@bufbuild/protobuf'
import { VectronError } from '@vectron/base'
import { placement } from '@vectron/contracts'
import { nameOf } from './catalog.ts'
import type { PlacementContext } from './context.ts'
import { routeShard, type Sources } from './routing-message.ts'

export class ShardHandlers {
  readonly #context: PlacementContext

  constructor(context: PlacementContext) {
    this.#context = context
  }

  async listShards({
    collection,
  }: placement.ListShardsRequest): Promise<placement.ListShardsResponse> {
    const { catalog, memory, settings } = this.#context
    const { observations } = memory()
    const sources = { catalog: catalog.state, observations, silence: settings }
    return create(placement.ListShardsResponseSchema, {
      shards: buildShardStatuses(sources, collection),
    })
  }
}

/** All shards, or those of one collection, in the catalog's order. */
function buildShardStatuses(sources: Sources, collection: string): placement.ShardStatus[] {
  const { catalog } = sources
  if (collection !== '' && !catalog.collections.has(collection)) {
    throw new VectronError('COLLECTION_NOT_FOUND', `There is no collection "${collection}".`)
  }
  const entries = [...catalog.collections.values()].filter(
    (entry) => collection === '' || nameOf(entry) === collection,
  )
  return entries.flatMap((entry) =>
    entry.shards.map((shard) => buildShardStatus(sources, entry, shard)),
  )
}

function buildShardStatus(
  { observations, silence }: Sources,
  entry: placement.CatalogCollection,
  shard: placement.ShardRouting,
): placement.ShardStatus {
  const leadership = observations.leaderOf(shard.shardId)?.report.leadership
  const { replicationFactor = 1, searchReplicas = 0 } = entry.collection ?? {}
  return create(placement.ShardStatusSchema, {
    shard: routeShard(shard, observations),
    collection: nameOf(entry),
    replicationFactor: Math.max(1, replicationFactor),
    searchReplicas,
    lastIndex: leadership?.lastIndex ?? 0n,
    membershipVersion: leadership?.membershipVersion ?? 0n,
    joint: leadership?.joint ?? false,
    replicas: shard.replicas.map(({ replicaId, workerId }) => {
      const report = observations.workers.get(workerId)?.replicas.get(shard.shardId)
      const member = leadership?.members.find((one) => one.replicaId === replicaId)
      return create(placement.ReplicaStatusSchema, {
        replicaId,
        workerState: observations.stateOf(workerId, silence),
        // A report on an earlier replica of the same shard says nothing of this one.
        ...(report?.replicaId === replicaId ? { report } : {}),
        ...(member === undefined ? {} : { member }),
      })
    }),
  })
}
