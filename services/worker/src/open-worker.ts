/**
 * Opens a worker on a folder: identity, registration, shards, handlers.
 *
 *   <folder>/identity.json   which worker this is, of which cluster
 *   <folder>/shards/<id>/    one engine each
 */

import { join } from 'node:path'
import {
  type Clock,
  type Disk,
  type Logger,
  type Metrics,
  systemDisk,
  workerId,
} from '@vectron/base'
import { type placement, worker } from '@vectron/contracts'
import { openShardEngine, type RaftLog } from '@vectron/native'
import type { ReplicaHost } from '@vectron/raft'
import { type BoundService, bindService, type Client } from '@vectron/rpc'
import { DiskGuard } from './disk-guard.ts'
import { HeartbeatLoop } from './heartbeat-loop.ts'
import type { OpenEngine } from './hosted-shard.ts'
import { readIdentity, type WorkerIdentity, writeIdentity } from './identity.ts'
import { exposeShards } from './shard-metrics.ts'
import { ShardRegistry } from './shard-registry.ts'
import { WorkerService } from './worker-service.ts'

export interface WorkerOptions {
  readonly folder: string
  /** Hosts the groups of the shards; opened and closed by the caller. */
  readonly host: ReplicaHost
  /** The host's log. */
  readonly log: Pick<RaftLog, 'groups'>
  readonly placement: Client<typeof placement.Placement>
  /** Where gateways reach this worker. */
  readonly address: string
  /** Differs in each run. */
  readonly bootEpoch: bigint
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  /** Points that may wait for the graph of one shard before its writes slow down. */
  readonly tailPointsMax: number
  /** Free bytes of the disk below which writes are refused. */
  readonly diskReserveBytes: number
  /** Default: the machine's. */
  readonly disk?: Disk
  /** Default: the native engine. */
  readonly openEngine?: OpenEngine
}

export interface RunningWorker {
  readonly service: BoundService
  /** Closes every shard; what is applied is durable then. The host is closed after it. */
  close(): Promise<void>
}

/** Settles when every assigned shard is open and placement knows its leader, or has failed. */
export async function openWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { folder, host, log, clock, logger, tailPointsMax } = options
  const { disk = systemDisk, openEngine = openShardEngine } = options
  const shardsFolder = join(folder, 'shards')
  await disk.makeFolder(shardsFolder)
  const identity = await register(options, disk)
  const registry = new ShardRegistry({
    shardsFolder,
    host,
    log,
    disk,
    openEngine,
    clock,
    logger,
    tailPointsMax,
  })
  exposeShards(options.metrics, registry)
  const reserveBytes = options.diskReserveBytes
  const diskGuard = await DiskGuard.open({ folder, reserveBytes, disk, clock, logger })
  const heartbeats = new HeartbeatLoop({
    placement: options.placement,
    registry,
    workerId: identity.workerId,
    bootEpoch: options.bootEpoch,
    clock,
    logger,
  })
  await heartbeats.start()
  return {
    service: bindService(worker.Worker, new WorkerService({ registry, diskGuard })),
    async close() {
      diskGuard.close()
      await heartbeats.stop()
      await registry.close()
    },
  }
}

/** Announces the worker to placement; a first-time worker gets its id and keeps it on disk. */
async function register(
  { folder, placement, address }: WorkerOptions,
  disk: Disk,
): Promise<WorkerIdentity> {
  const known = await readIdentity(folder, disk)
  const answer = await placement.registerWorker({
    clusterId: known?.clusterId ?? '',
    workerId: known?.workerId ?? 0n,
    address,
  })
  const identity = { clusterId: answer.clusterId, workerId: workerId(answer.workerId) }
  if (known === undefined) await writeIdentity(folder, identity, disk)
  return identity
}
