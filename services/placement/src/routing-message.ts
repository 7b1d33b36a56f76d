/**
 * What placement tells others, built from the catalog and from what workers have reported: the
 * routing table for gateways, assignments for workers.
 */

import { create } from '@bufbuild/protobuf'
import { placement } from '@vectron/contracts'
import type { Catalog } from './catalog.ts'
import type { Observations } from './observations.ts'

/** The whole routing table, under the version given. */
export function buildRoutingTable(
  catalog: Catalog,
  observations: Observations,
  version: bigint,
): placement.RoutingTable {
  return create(placement.RoutingTableSchema, {
    version,
    clusterId: catalog.clusterId,
    collections: [...catalog.collections.values()].map((entry) =>
      buildCollectionRouting(entry, observations),
    ),
    workers: [...catalog.workers.values()].map(({ workerId, address, draining }) => ({
      workerId,
      address,
      draining,
      lastHeartbeatMs: BigInt(observations.workers.get(workerId)?.lastHeartbeatMs ?? 0),
    })),
  })
}

/** One collection with the leaders of its shards, as far as heard. */
export function buildCollectionRouting(
  entry: placement.CatalogCollection,
  observations: Observations,
): placement.CollectionRouting {
  return create(placement.CollectionRoutingSchema, {
    // Copied, because in one process messages are handed over as they are.
    ...(entry.collection === undefined ? {} : { collection: copyCollection(entry.collection) }),
    shards: entry.shards.map((shard) => routeShard(shard, observations)),
  })
}

function routeShard(shard: placement.ShardRouting, observations: Observations) {
  const leader = observations.leaderOf(shard.shardId)
  if (leader !== undefined) return { ...shard, leaderWorkerId: leader.workerId }
  const failure = observations.failureOf(shard.shardId)
  return { ...shard, ...(failure === undefined ? {} : { failure }) }
}

/** The whole of what a worker must host. */
export function buildAssignments(catalog: Catalog, workerId: bigint): placement.Assignment[] {
  const assignments: placement.Assignment[] = []
  for (const { collection, shards, schemaVersion } of catalog.collections.values()) {
    for (const { shardId, epoch, replicas } of shards) {
      const own = replicas.find((replica) => replica.workerId === workerId)
      if (own === undefined || collection === undefined || epoch === undefined) continue
      assignments.push(
        create(placement.AssignmentSchema, {
          shardId,
          replicaId: own.replicaId,
          epoch,
          members: replicas,
          collection: copyCollection(collection),
          schemaVersion,
        }),
      )
    }
  }
  return assignments
}

function copyCollection(collection: NonNullable<placement.CatalogCollection['collection']>) {
  return { ...collection, payloadSchema: { ...collection.payloadSchema } }
}
