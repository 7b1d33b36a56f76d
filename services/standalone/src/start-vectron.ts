/**
 * Vectron in one process: authenticator, placement, worker and gateway, each opened as it would be
 * in a process of its own, and connected in process.
 *
 *   <data>/lock.db      one process at a time
 *   <data>/auth/        keys of the authenticator
 *   <data>/placement/   the catalog: its log and its snapshot
 *   <data>/worker/      identity, log and shards of the worker
 *
 * Opened in the order of what needs what, closed in the reverse. Ready means that every shard is
 * open and has a leader: the ports listen from then on, not before.
 */

import { join } from 'node:path'
import { authHandlers, type CreatedKey, type KeyStore, openKeyStore } from '@vectron/auth-service'
import {
  type Clock,
  createLogger,
  createMetrics,
  type Logger,
  lockFolder,
  type Metrics,
  type Random,
  systemClock,
  systemRandom,
} from '@vectron/base'
import { auth, placement, worker } from '@vectron/contracts'
import { type Embedder, openGateway } from '@vectron/gateway-service'
import { configureEngine } from '@vectron/native'
import { openPlacement, type RunningPlacement } from '@vectron/placement-service'
import { bindService, type Client, createInProcessClient } from '@vectron/rpc'
import { openWorker, type RunningWorker, readIdentity } from '@vectron/worker-service'
import { Closers } from './closers.ts'
import type { StandaloneConfig } from './config.ts'
import { openReplicaHost } from './replica-hosts.ts'

export interface StartOptions {
  readonly config: StandaloneConfig
  /** Embedders that collections may name. */
  readonly embedders: readonly Embedder[]
  /** Release, as people are told it. */
  readonly version: string
  /** Default: standard error, at the level of the configuration. */
  readonly logger?: Logger
  /** Called when a part can no longer go on, for instance after a failed fsync. */
  readonly onFatal: (error: unknown) => void
}

export interface RunningVectron {
  /** `http://127.0.0.1:6180` */
  readonly httpUrl: string
  /** `127.0.0.1:6181` */
  readonly grpcAddress: string
  readonly clusterId: string
  /** The key that the first start made; absent on later starts: only its hash is kept. */
  readonly firstKey: CreatedKey | undefined
  readonly keys: KeyStore
  /** Answers what is running, makes everything durable, and closes. */
  close(): Promise<void>
}

/** Address of the worker of the same process. */
const LOCAL_WORKER = 'in-process'

/**
 * @throws VectronError DATA_IN_USE, WRONG_CLUSTER, INCOMPATIBLE_DATA, DATA_CORRUPT, UNAVAILABLE (a
 *   port that cannot be had)
 */
export async function startVectron(options: StartOptions): Promise<RunningVectron> {
  const closers = new Closers()
  try {
    return await openParts(options, closers)
  } catch (error) {
    await closers.closeAll()
    throw error
  }
}

/** What every part is given. */
interface Surroundings {
  readonly folder: string
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly metrics: Metrics
  readonly onFatal: (error: unknown) => void
  readonly closers: Closers
}

async function openParts(options: StartOptions, closers: Closers): Promise<RunningVectron> {
  const { config } = options
  const { folder } = config.data
  const lock = lockFolder(folder)
  closers.add(() => lock.release())
  const logger = options.logger ?? createLogger({ name: 'vectron', level: config.log.level })
  const metrics = createMetrics({ withProcess: true })
  const around: Surroundings = {
    folder,
    clock: systemClock,
    random: systemRandom,
    logger,
    metrics,
    onFatal: options.onFatal,
    closers,
  }
  setEngineThreads(config)

  const keys = openKeyStore(join(folder, 'auth', 'keys.db'), around.clock)
  closers.add(() => keys.close())
  const running = await startPlacement(around)
  const placementClient = createInProcessClient(placement.Placement, running.service)
  const data = await startWorker(around, config, running, placementClient)
  const workerClient = createInProcessClient(worker.Worker, data.service)
  const authService = bindService(auth.Auth, authHandlers(keys))
  const gateway = await openGateway({
    host: config.http.host,
    httpPort: config.http.port,
    grpcPort: config.grpc.port,
    placement: placementClient,
    auth: createInProcessClient(auth.Auth, authService),
    connectWorker: () => workerClient,
    embedders: options.embedders,
    version: options.version,
    clock: around.clock,
    random: around.random,
    logger: logger.child({ part: 'gateway' }),
    metrics,
  })
  closers.add(() => gateway.close())
  return {
    httpUrl: `http://${config.http.host}:${gateway.httpPort}`,
    grpcAddress: `${config.http.host}:${gateway.grpcPort}`,
    clusterId: running.clusterId,
    firstKey: createFirstKey(keys),
    keys,
    close: () => closers.closeAll(),
  }
}

/** A start without any key makes one; its text is told once. */
function createFirstKey(keys: KeyStore): CreatedKey | undefined {
  if (keys.listKeys().length > 0) return undefined
  return keys.createKey({ name: 'first key', environment: 'dev' })
}

async function startPlacement(around: Surroundings): Promise<RunningPlacement> {
  const { clock, random, closers, logger, onFatal } = around
  const folder = join(around.folder, 'placement')
  const identity = await readIdentity(join(around.folder, 'worker'))
  const { host, close } = await openReplicaHost({
    folder: join(folder, 'log'),
    clusterId: identity?.clusterId ?? '',
    nodeId: 1n,
    clock,
    random,
    onFatal,
  })
  closers.add(close)
  const running = await openPlacement({
    folder,
    host,
    clock,
    random,
    whenEmpty:
      identity === undefined
        ? { kind: 'bootstrap' }
        : { kind: 'refuse', why: `the worker's data belongs to the cluster ${identity.clusterId}` },
  })
  logger.info({ clusterId: running.clusterId }, 'placement open')
  closers.add(() => running.close())
  return running
}

async function startWorker(
  around: Surroundings,
  config: StandaloneConfig,
  { clusterId }: RunningPlacement,
  placementClient: Client<typeof placement.Placement>,
): Promise<RunningWorker> {
  const { clock, random, closers, logger, onFatal } = around
  const folder = join(around.folder, 'worker')
  const { host, log, close } = await openReplicaHost({
    folder: join(folder, 'log'),
    clusterId,
    nodeId: 1n,
    clock,
    random,
    onFatal,
  })
  closers.add(close)
  const running = await openWorker({
    folder,
    host,
    log,
    placement: placementClient,
    address: LOCAL_WORKER,
    bootEpoch: BigInt(clock.nowMs()),
    clock,
    logger: logger.child({ part: 'worker' }),
    metrics: around.metrics,
    tailPointsMax: config.engine.tailPointsMax,
    diskReserveBytes: config.data.reserveBytes,
  })
  closers.add(() => running.close())
  return running
}

/** The engine's threads belong to the process and are set before its first shard. */
function setEngineThreads({ engine }: StandaloneConfig): void {
  const { searchThreads, indexThreads } = engine
  if (searchThreads === 0 && indexThreads === 0) return
  configureEngine({
    ...(searchThreads === 0 ? {} : { searchThreads }),
    ...(indexThreads === 0 ? {} : { indexThreads }),
  })
}
