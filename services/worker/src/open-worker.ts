/**
 * Opens a registered worker on a folder: shards, heartbeats, handlers.
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
  type ProcessLoad,
  Stages,
  systemDisk,
  type Tracer,
  VectronError,
} from '@vectron/base'
import { type placement, worker } from '@vectron/contracts'
import { openShardEngine, type RaftLog } from '@vectron/native'
import type { ReplicaHost, Transport } from '@vectron/raft'
import { type BoundService, bindService, type Client } from '@vectron/rpc'
import { SHARD_STAGES } from '@vectron/shard'
import { DiskGuard } from './disk-guard.ts'
import { HeartbeatLoop } from './heartbeat-loop.ts'
import type { OpenEngine } from './hosted-shard.ts'
import { readIdentity, type WorkerIdentity } from './identity.ts'
import { LeaderDuties } from './leader-duties.ts'
import { PeerDirectory } from './peer-directory.ts'
import { ReplicaMemory } from './replica-memory.ts'
import { exposeShards } from './shard-metrics.ts'
import { ShardRegistry } from './shard-registry.ts'
import { WorkerService } from './worker-service.ts'

export interface WorkerOptions {
  readonly folder: string
  /** Hosts the groups of the shards; opened and closed by the caller. */
  readonly host: ReplicaHost
  /** The host's log. */
  readonly log: Pick<RaftLog, 'groups'>
  /** The host's transport: told where the members of the groups are. */
  readonly transport: Pick<Transport, 'setMembers'>
  /** Told where other workers are. Default: one that nobody asks. */
  readonly peers?: PeerDirectory
  readonly placement: Client<typeof placement.Placement>
  /** What registerWorker() gave. */
  readonly identity: WorkerIdentity
  /** Differs in each run. */
  readonly bootEpoch: bigint
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  /** Where requests are traced. Default: nowhere. */
  readonly tracer?: Tracer | undefined
  /** Points that may wait for the graph of one shard before its writes slow down. */
  readonly tailPointsMax: number
  /** Free bytes of the disk below which writes are refused. */
  readonly diskReserveBytes: number
  /** How busy this process is. Default: not told. */
  readonly processLoad?: Pick<ProcessLoad, 'look'>
  /** Default: the machine's. */
  readonly disk?: Disk
  /** Default: the native engine. */
  readonly openEngine?: OpenEngine
}

export interface RunningWorker {
  readonly service: BoundService
  /** Settles when placement knows that every assigned shard serves, or has failed. */
  readonly served: Promise<void>
  /**
   * Lets others lead, then closes every shard; what is applied is durable then. The host is closed
   * after it.
   */
  close(): Promise<void>
}

/** Calls may come from now on; the assigned shards open behind. */
export async function openWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { folder, identity, host, log, clock, logger, tailPointsMax } = options
  const { disk = systemDisk, openEngine = openShardEngine } = options
  const shardsFolder = join(folder, 'shards')
  await disk.makeFolder(shardsFolder)
  const stages = new Stages({
    name: 'shard_stage_seconds',
    help: 'Time of requests on a shard, by stage; search, read and write contain the others.',
    functions: SHARD_STAGES,
    metrics: options.metrics,
    clock,
    tracer: options.tracer,
  })
  const registry = new ShardRegistry({
    shardsFolder,
    host,
    log,
    memory: await openMemory(folder, identity, disk),
    disk,
    openEngine,
    transport: options.transport,
    clock,
    stages,
    logger,
    tailPointsMax,
  })
  exposeShards(options.metrics, registry)
  const reserveBytes = options.diskReserveBytes
  const diskGuard = await DiskGuard.open({ folder, reserveBytes, disk, clock, logger })
  const heartbeats = new HeartbeatLoop({
    placement: options.placement,
    registry,
    peers: options.peers ?? new PeerDirectory(),
    diskGuard,
    processLoad: options.processLoad,
    workerId: identity.workerId,
    bootEpoch: options.bootEpoch,
    clock,
    logger,
  })
  const served = heartbeats.start()
  host.watchGroups((status) => {
    if (registry.onGroupChanged(status)) heartbeats.wake()
  })
  const duties = new LeaderDuties({ registry, clock, logger })
  return {
    service: bindService(worker.Worker, new WorkerService({ registry, diskGuard })),
    served,
    async close() {
      await duties.handOver()
      diskGuard.close()
      await heartbeats.stop()
      await registry.close()
    },
  }
}

async function openMemory(
  folder: string,
  identity: WorkerIdentity,
  disk: Disk,
): Promise<ReplicaMemory> {
  const record = await readIdentity(folder, disk)
  if (record?.workerId === identity.workerId && record.clusterId === identity.clusterId) {
    return new ReplicaMemory({ folder, disk, record })
  }
  throw new VectronError('WRONG_CLUSTER', `${folder} is not of worker ${identity.workerId}.`, {
    subject: folder,
  })
}
