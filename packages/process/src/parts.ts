/**
 * The parts of Vectron, each opened on a folder with what it depends on given as clients: in one
 * process or in several, this is the one place where they are put together.
 *
 *   <data>/auth/        keys of the authenticator
 *   <data>/placement/   the catalog: its log and its snapshot
 *   <data>/worker/      identity, log and shards of the worker
 */
import { join } from 'node:path'
import { authHandlers, type KeyStore, openKeyStore } from '@vectron/auth-service'
import { auth, type placement } from '@vectron/contracts'
import { configureEngine } from '@vectron/native'
import {
  openPlacement,
  type PlacementOptions,
  type RunningPlacement,
} from '@vectron/placement-service'
import type { Transport } from '@vectron/raft'
import { type BoundService, bindService, type Client } from '@vectron/rpc'
import { openWorker, type RunningWorker, type WorkerIdentity } from '@vectron/worker-service'
import { openReplicaHost } from './replica-hosts.ts'
import type { WorkerConfig } from './settings.ts'
import type { Surroundings } from './surroundings.ts'

export interface AuthPart {
  readonly keys: KeyStore
  readonly service: BoundService
}

/** File of the keys in a data folder. */
export function keyFile(dataFolder: string): string {
  return join(dataFolder, 'auth', 'keys.db')
}

/** Folder of the worker in a data folder. */
export function workerFolder(dataFolder: string): string {
  return join(dataFolder, 'worker')
}

export function openAuthPart(dataFolder: string, around: Surroundings): AuthPart {
  const keys = openKeyStore(keyFile(dataFolder), around.clock)
  around.closers.add(() => keys.close())
  return { keys, service: bindService(auth.Auth, authHandlers(keys)) }
}

export interface PlacementPartOptions extends Pick<PlacementOptions, 'whenEmpty'> {
  readonly dataFolder: string
  readonly transport: Transport
}

/** @throws VectronError WRONG_CLUSTER, DATA_CORRUPT, INCOMPATIBLE_DATA */
export async function openPlacementPart(
  { dataFolder, transport, ...options }: PlacementPartOptions,
  around: Surroundings,
): Promise<RunningPlacement> {
  const { clock, random, closers, logger } = around
  const folder = join(dataFolder, 'placement')
  const { host } = await openReplicaHost(join(folder, 'log'), transport, around)
  const running = await openPlacement({ ...options, folder, host, clock, random })
  logger.info({ clusterId: running.clusterId }, 'placement open')
  closers.add(() => running.close())
  return running
}

export interface WorkerPartOptions {
  readonly config: Pick<WorkerConfig, 'data' | 'engine'>
  readonly identity: WorkerIdentity
  readonly transport: Transport
  readonly placement: Client<typeof placement.Placement>
}

/** @throws VectronError DATA_CORRUPT, INCOMPATIBLE_DATA */
export async function openWorkerPart(
  { config, identity, transport, placement }: WorkerPartOptions,
  around: Surroundings,
): Promise<RunningWorker> {
  const { clock, closers, logger, metrics, bootEpoch } = around
  setEngineThreads(config)
  const folder = workerFolder(config.data.folder)
  const { host, log } = await openReplicaHost(join(folder, 'log'), transport, around)
  const running = await openWorker({
    folder,
    identity,
    host,
    log,
    placement,
    bootEpoch,
    clock,
    logger: logger.child({ part: 'worker' }),
    metrics,
    tailPointsMax: config.engine.tailPointsMax,
    diskReserveBytes: config.data.reserveBytes,
  })
  closers.add(() => running.close())
  return running
}

/** The engine's threads belong to the process and are set before its first shard. */
function setEngineThreads({ engine }: Pick<WorkerConfig, 'engine'>): void {
  const { searchThreads, indexThreads } = engine
  if (searchThreads === 0 && indexThreads === 0) return
  configureEngine({
    ...(searchThreads === 0 ? {} : { searchThreads }),
    ...(indexThreads === 0 ? {} : { indexThreads }),
  })
}
