/**
 * What placement tells others, built from the catalog and from what workers have reported: the
 * routing table for gateways; assignments and peers for workers.
 */

import { create } from '@bufbuild/protobuf'
import { placement } from '@vectron/contracts'
import type { Catalog } from './catalog.ts'
import { describeAliases } from './catalog-aliases.ts'
import type { Observations, SilenceLimits } from './observations.ts'

/** Where the answers come from. */
export interface Sources {
  readonly catalog: Catalog
  readonly observations: Observations
  readonly silence: SilenceLimits
}

/** The whole routing table, under the version given. */
export function buildRoutingTable(sources: Sources, version: bigint): placement.RoutingTable {
  const { catalog, observations } = sources
  return create(placement.RoutingTableSchema, {
    version,
    clusterId: catalog.clusterId,
    collections: [...catalog.collections.values()].map((entry) =>
      buildCollectionRouting(entry, observations),
    ),
    workers: buildWorkers(sources),
    aliases: describeAliases(catalog.aliases),
  })
}

/** Every worker with its state, in the order of ids. */
export function buildWorkers({ catalog, observations, silence }: Sources): placement.WorkerEntry[] {
  return [...catalog.workers.values()].map(({ workerId, address, draining, zone, raftAddress }) =>
    create(placement.WorkerEntrySchema, {
      workerId,
      address,
      draining,
      zone,
      raftAddress,
      lastHeartbeatMs: BigInt(observations.workers.get(workerId)?.lastHeartbeatMs ?? 0),
      state: observations.stateOf(workerId, silence),
    }),
  )
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
    rerankPresets: entry.rerankPresets.map((preset) => ({ ...preset })),
  })
}

/** A shard with its leader, or with the reason why there is none, as far as heard. */
export function routeShard(shard: placement.ShardRouting, observations: Observations) {
  const leader = observations.leaderOf(shard.shardId)
  if (leader !== undefined) return { ...shard, leaderWorkerId: leader.workerId }
  const failure = observations.failureOf(shard)
  return { ...shard, ...(failure === undefined ? {} : { failure }) }
}

/** The whole of what a worker must host, replicas that are leaving included. */
export function buildAssignments(catalog: Catalog, workerId: bigint): placement.Assignment[] {
  const assignments: placement.Assignment[] = []
  for (const { collection: entry, shard } of catalog.hostedBy(workerId).values()) {
    const { collection, schemaVersion } = entry
    const { shardId, epoch, replicas } = shard
    const own = replicas.find((replica) => replica.workerId === workerId)
    if (own === undefined || collection === undefined || epoch === undefined) continue
    assignments.push(
      create(placement.AssignmentSchema, {
        shardId,
        replicaId: own.replicaId,
        epoch,
        members: replicas.filter(({ leaving }) => !leaving),
        collection: copyCollection(collection),
        schemaVersion,
      }),
    )
  }
  return assignments
}

/** Where every other worker is that has a replica of a shard of this one, in the order of ids. */
export function buildPeers(catalog: Catalog, workerId: bigint): placement.PeerAddress[] {
  const peers = new Map<bigint, placement.PeerAddress>()
  for (const { shard } of catalog.hostedBy(workerId).values()) {
    for (const { workerId: peerId } of shard.replicas) {
      const peer = catalog.workers.get(peerId)
      if (peerId === workerId || peer === undefined || peers.has(peerId)) continue
      const { raftAddress } = peer
      peers.set(peerId, create(placement.PeerAddressSchema, { workerId: peerId, raftAddress }))
    }
  }
  return [...peers.values()].sort((a, b) => Number(a.workerId - b.workerId))
}

function copyCollection(collection: NonNullable<placement.CatalogCollection['collection']>) {
  return { ...collection, payloadSchema: { ...collection.payloadSchema } }
}
