/**
 * Metrics of the shards of a worker: what the engines report, asked for when somebody scrapes.
 */

import type { Metrics } from '@vectron/base'
import type { HostedShard } from './hosted-shard.ts'
import type { ShardRegistry } from './shard-registry.ts'

/** Adds the metrics of all shards of the registry, as they are at each scrape. */
export function exposeShards(metrics: Metrics, registry: ShardRegistry): void {
  gaugeByShard(metrics, registry, {
    name: 'collection_points',
    help: 'Live points, by collection and shard.',
    value: (hosted) => hosted.report().stats?.pointsCount,
  })
  gaugeByShard(metrics, registry, {
    name: 'collection_indexed_points',
    help: 'Points that are in the graph; the others are scanned exactly.',
    value: (hosted) => hosted.report().stats?.indexedCount,
  })
  gaugeByShard(metrics, registry, {
    name: 'shard_replica_lag_entries',
    help: 'Committed log entries that are not applied yet.',
    value: ({ shard }) => shard.status && shard.status.commit - shard.status.applied,
  })
  gaugeByShard(metrics, registry, {
    name: 'raft_term',
    help: 'Term of the Raft group.',
    value: ({ shard }) => shard.view?.term,
  })
  gaugeByShard(metrics, registry, {
    name: 'raft_commit_index',
    help: 'Last committed entry of the log.',
    value: ({ shard }) => shard.status?.commit,
  })
  gaugeByShard(metrics, registry, {
    name: 'raft_applied_index',
    help: 'Last applied entry of the log.',
    value: ({ shard }) => shard.appliedIndex,
  })
  gaugeByShard(metrics, registry, {
    name: 'raft_is_leader',
    help: '1 where this worker leads the shard.',
    value: ({ shard }) => (shard.view?.role === 'leader' ? 1n : 0n),
  })
  exposeBytes(metrics, registry)
  exposeStates(metrics, registry)
}

interface ShardGauge {
  readonly name: string
  readonly help: string
  readonly value: (hosted: HostedShard) => bigint | undefined
}

function gaugeByShard(metrics: Metrics, registry: ShardRegistry, options: ShardGauge): void {
  const gauge = metrics.gauge({
    name: options.name,
    help: options.help,
    labels: ['collection', 'shard'],
    collect: () => {
      gauge.reset()
      for (const hosted of registry.open) {
        const value = options.value(hosted)
        if (value === undefined) continue
        gauge.set({ collection: hosted.collection, shard: `${hosted.shardId}` }, Number(value))
      }
    },
  })
}

function exposeBytes(metrics: Metrics, registry: ShardRegistry): void {
  const gauge = metrics.gauge({
    name: 'collection_bytes',
    help: 'Bytes in memory and on disk, by collection, shard and component.',
    labels: ['collection', 'shard', 'kind'],
    collect: () => {
      gauge.reset()
      for (const hosted of registry.open) {
        const labels = { collection: hosted.collection, shard: `${hosted.shardId}` }
        const bytes = hosted.report().stats?.bytes
        if (bytes === undefined) continue
        gauge.set({ ...labels, kind: 'graph_memory' }, Number(bytes.graphMemory))
        gauge.set({ ...labels, kind: 'payload_index_memory' }, Number(bytes.payloadIndexMemory))
        gauge.set({ ...labels, kind: 'store_disk' }, Number(bytes.storeDisk))
        gauge.set({ ...labels, kind: 'vectors_disk' }, Number(bytes.vectorsDisk))
        gauge.set({ ...labels, kind: 'checkpoint_disk' }, Number(bytes.checkpointDisk))
      }
    },
  })
}

function exposeStates(metrics: Metrics, registry: ShardRegistry): void {
  const gauge = metrics.gauge({
    name: 'shard_state',
    help: 'Shards of this worker, by state: serving or failed.',
    labels: ['state'],
    collect: () => {
      const broken = registry.open.filter(({ isBroken }) => isBroken).length
      gauge.set({ state: 'serving' }, registry.open.length - broken)
      gauge.set({ state: 'failed' }, registry.failed.length + broken)
    },
  })
}
