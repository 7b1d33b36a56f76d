/**
 * Opens a worker on a folder: identity, registration, shards, handlers.
 *
 *   <folder>/identity.json   which worker this is, of which cluster
 *   <folder>/shards/<id>/    one engine each
 */

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, type Logger, type Metrics, workerId } from '@vectron/base'
import { type placement, worker } from '@vectron/contracts'
import type { RaftLog } from '@vectron/native'
import type { ReplicaHost } from '@vectron/raft'
import { type BoundService, bindService, type Client } from '@vectron/rpc'
import { DiskGuard } from './disk-guard.ts'
import { HeartbeatLoop } from './heartbeat-loop.ts'
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
}

export interface RunningWorker {
  readonly service: BoundService
  /** Closes every shard; what is applied is durable then. The host is closed after it. */
  close(): Promise<void>
}

/** Settles when every assigned shard is open and placement knows its leader, or has failed. */
export async function openWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { folder, host, log, clock, logger, tailPointsMax } = options
  const shardsFolder = join(folder, 'shards')
  await mkdir(shardsFolder, { recursive: true })
  const identity = await register(options)
  const registry = new ShardRegistry({ shardsFolder, host, log, clock, logger, tailPointsMax })
  exposeShards(options.metrics, registry)
  const reserveBytes = options.diskReserveBytes
  const diskGuard = await DiskGuard.open({ folder, reserveBytes, clock, logger })
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
async function register({ folder, placement, address }: WorkerOptions): Promise<WorkerIdentity> {
  const known = await readIdentity(folder)
  const answer = await placement.registerWorker({
    clusterId: known?.clusterId ?? '',
    workerId: known?.workerId ?? 0n,
    address,
  })
  const identity = { clusterId: answer.clusterId, workerId: workerId(answer.workerId) }
  if (known === undefined) await writeIdentity(folder, identity)
  return identity
}
