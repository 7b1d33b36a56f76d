/**
 * The parts of Vectron, each opened on a folder with what it depends on given as clients: in one
 * process or in several, this is the one place where they are put together.
 *
 *   <data>/auth/        accounts and keys, unless etcd has them; the master key; the audit log
 *   <data>/placement/   the catalog: its log and its snapshot
 *   <data>/worker/      identity, log and shards of the worker
 */
import { join } from 'node:path'
import {
  adoptOldKeys,
  type CredentialStore,
  connectEtcd,
  openAuth,
  openEtcdStore,
  openMasterKey,
  openSqliteStore,
  type RunningAuth,
} from '@vectron/auth-service'
import { type Clock, openAuditLog, ProcessLoad } from '@vectron/base'
import type { placement } from '@vectron/contracts'
import { configureEngine } from '@vectron/native'
import {
  CATALOG_GROUP,
  type MeetingWays,
  openPlacement,
  type PlacementOptions,
  type RunningPlacement,
} from '@vectron/placement-service'
import type { Transport } from '@vectron/raft'
import type { Client } from '@vectron/rpc'
import {
  openWorker,
  type PeerDirectory,
  type RunningWorker,
  type WorkerIdentity,
} from '@vectron/worker-service'
import { etcdTls } from './etcd-tls.ts'
import { openReplicaHost } from './replica-hosts.ts'
import type { AuthConfig, WorkerConfig } from './settings.ts'
import type { Surroundings } from './surroundings.ts'

/** Folder of the worker in a data folder. */
export function workerFolder(dataFolder: string): string {
  return join(dataFolder, 'worker')
}

export type IdentityConfig = Pick<AuthConfig, 'data' | 'store' | 'accounts'>

/** @throws VectronError INCOMPATIBLE_DATA, DATA_CORRUPT, UNAVAILABLE (etcd) */
export async function openAuthPart(
  config: IdentityConfig,
  around: Pick<Surroundings, 'clock' | 'random' | 'logger' | 'closers'>,
): Promise<RunningAuth> {
  const { clock, random, logger, closers } = around
  const folder = join(config.data.folder, 'auth')
  const store = await openCredentialStore(config, clock)
  closers.add(() => store.close())
  const auditLog = openAuditLog({
    file: join(folder, 'audit.log'),
    clock,
    onFailed: (error) => logger.error({ err: error }, 'the audit log cannot be written'),
  })
  return openAuth({
    store,
    masterKey: openMasterKey(config.store.masterKeyFile || join(folder, 'master.key')),
    issuer: config.accounts.issuer,
    registration: config.accounts.registration,
    clock,
    random,
    logger: logger.child({ part: 'auth' }),
    auditLog,
  })
}

async function openCredentialStore(
  { data, store }: IdentityConfig,
  clock: Clock,
): Promise<CredentialStore> {
  switch (store.kind) {
    case 'embedded': {
      // Releases without accounts kept their keys in this file.
      const file = join(data.folder, 'auth', 'keys.db')
      const opened = openSqliteStore(file, clock)
      await adoptOldKeys(opened, file)
      return opened
    }
    case 'etcd': {
      const tls = etcdTls({ store })
      return openEtcdStore({
        endpoints: store.etcdEndpoints,
        prefix: store.etcdPrefix,
        connect: (endpoint) => connectEtcd(endpoint, tls),
        clock,
      })
    }
  }
}

export interface PlacementPartOptions
  extends Pick<PlacementOptions, 'whenEmpty' | 'member' | 'settings'> {
  readonly dataFolder: string
  readonly transport: Transport
  /** How one of several members reaches the others. */
  readonly connect?: MeetingWays['connect']
}

/** @throws VectronError WRONG_CLUSTER, DATA_CORRUPT, INCOMPATIBLE_DATA */
export async function openPlacementPart(
  { dataFolder, transport, connect, ...options }: PlacementPartOptions,
  around: Surroundings,
): Promise<RunningPlacement> {
  const { clock, random, closers, logger, metrics, onFatal } = around
  const folder = join(dataFolder, 'placement')
  const logPlace = { folder: join(folder, 'log'), name: 'placement' } as const
  const { host, log } = await openReplicaHost(logPlace, transport, around)
  const setMembers: MeetingWays['setMembers'] = (places) =>
    transport.setMembers(CATALOG_GROUP, places)
  const running = await openPlacement({
    ...options,
    ...(connect === undefined ? {} : { meeting: { log, connect, setMembers, onFatal } }),
    folder,
    host,
    clock,
    random,
    logger: logger.child({ part: 'placement' }),
    metrics,
  })
  logger.info({ clusterId: running.clusterId }, 'placement open')
  closers.add(() => running.close())
  return running
}

export interface WorkerPartOptions {
  readonly config: Pick<WorkerConfig, 'data' | 'engine'>
  readonly identity: WorkerIdentity
  readonly transport: Transport
  /** Where the transport finds other workers. */
  readonly peers?: PeerDirectory
  readonly placement: Client<typeof placement.Placement>
}

/** @throws VectronError DATA_CORRUPT, INCOMPATIBLE_DATA */
export async function openWorkerPart(
  { config, identity, transport, peers, placement }: WorkerPartOptions,
  around: Surroundings,
): Promise<RunningWorker> {
  const { clock, closers, logger, metrics, tracer, bootEpoch } = around
  setEngineThreads(config)
  const folder = workerFolder(config.data.folder)
  const logPlace = { folder: join(folder, 'log'), name: 'worker' } as const
  const { host, log } = await openReplicaHost(logPlace, transport, around)
  const running = await openWorker({
    folder,
    identity,
    host,
    log,
    transport,
    ...(peers === undefined ? {} : { peers }),
    placement,
    bootEpoch,
    clock,
    logger: logger.child({ part: 'worker' }),
    metrics,
    tracer,
    processLoad: new ProcessLoad(clock),
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
