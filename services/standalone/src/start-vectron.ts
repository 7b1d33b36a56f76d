/**
 * Vectron in one process: authenticator, placement, worker, reranker and gateway, each opened as it
 * is in a process of its own, and connected in process.
 *
 *   <data>/lock.db      one process at a time
 *   <data>/boot-epoch   number of the last start
 *   <data>/auth/, placement/, worker/   as packages/process lays them out
 *
 * Opened in the order of what needs what, closed in the reverse. Ready means that every shard is
 * open and has a leader: the ports listen from then on, not before.
 */

import type { DescService } from '@bufbuild/protobuf'
import type { RunningAuth } from '@vectron/auth-service'
import {
  assertDefined,
  createLogger,
  type Logger,
  lockFolder,
  systemClock,
  systemDisk,
} from '@vectron/base'
import { placement, rerank, worker } from '@vectron/contracts'
import { type Embedder, openGateway, ownAuditSource } from '@vectron/gateway-service'
import type { RunningPlacement } from '@vectron/placement-service'
import {
  authenticatorDoors,
  Closers,
  cacheLimits,
  clientLimits,
  consoleFolder,
  nextBootEpoch,
  openAuthPart,
  openPlacementPart,
  openTracer,
  openWorkerPart,
  rerankerOptions,
  type StandaloneConfig,
  type Surroundings,
  systemSurroundings,
  workerFolder,
} from '@vectron/process'
import { InProcessNetwork, type Transport } from '@vectron/raft'
import { announce, openReranker } from '@vectron/reranker-service'
import {
  type BoundService,
  type Client,
  createInProcessClient,
  traceCalls,
  traceClient,
} from '@vectron/rpc'
import { type RunningWorker, readIdentity, registerWorker } from '@vectron/worker-service'

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
  /** Makes and ends keys of the owner, and checks them. */
  readonly auth: RunningAuth
  /** Answers what is running, makes everything durable, and closes. */
  close(): Promise<void>
}

/** A client of a part of this process; what is asked of it is part of the trace of the request. */
function connect<S extends DescService>(
  desc: S,
  service: BoundService,
  { tracer }: Surroundings,
): Client<S> {
  if (tracer === undefined) return createInProcessClient(desc, service)
  const interceptors = [traceCalls({ tracer, begins: false })]
  const client = createInProcessClient(desc, service, { interceptors })
  return traceClient(desc, client, { tracer, peer: LOCAL })
}

/** The service of the authenticator with this descriptor. */
function serviceOf(running: RunningAuth, desc: DescService): BoundService {
  const services = [running.auth, ...running.publicServices]
  const bound = services.find((service) => service.desc === desc)
  return assertDefined(bound, `${desc.typeName} is served`)
}

/** Address of the worker, and of the reranker, of the same process. */
const LOCAL = 'in-process'
/** The only node of each kind. */
const SOLE_NODE = 1n

/**
 * @throws VectronError DATA_IN_USE, WRONG_CLUSTER, INCOMPATIBLE_DATA, DATA_CORRUPT, UNAVAILABLE (a
 *   port that cannot be had)
 */
export async function startVectron(options: StartOptions): Promise<RunningVectron> {
  const lock = lockFolder(options.config.data.folder)
  const closers = new Closers()
  closers.add(() => lock.release())
  try {
    return await openParts(options, await surround(options, closers))
  } catch (error) {
    await closers.closeAll()
    throw error
  }
}

async function surround(options: StartOptions, closers: Closers): Promise<Surroundings> {
  const { config, onFatal } = options
  const { folder } = config.data
  const { version } = options
  const logger = options.logger ?? createLogger({ name: 'vectron', level: config.log.level })
  return systemSurroundings({
    closers,
    logger,
    tracer: await openTracer({
      tracing: config.tracing,
      service: 'standalone',
      node: 'vectron',
      version,
      clock: systemClock,
      logger,
      closers,
    }),
    version,
    bootEpoch: await nextBootEpoch({ folder, disk: systemDisk, clock: systemClock }),
    onFatal,
    signal: new AbortController().signal,
  })
}

async function openParts(options: StartOptions, around: Surroundings): Promise<RunningVectron> {
  const { config } = options
  const { clock, random, logger, metrics, tracer, closers } = around
  const authPart = await openAuthPart(config, around)
  const running = await startPlacement(config, around)
  const placementClient = connect(placement.Placement, running.service, around)
  const data = await startWorker(config, running, placementClient, around)
  await data.served
  const workerClient = connect(worker.Worker, data.service, around)
  const rerankerClient = await startReranker(config, placementClient, around)
  const gateway = await openGateway({
    host: config.http.host,
    httpPort: config.http.port,
    grpcPort: config.grpc.port,
    corsOrigins: config.http.corsOrigins,
    consoleFolder: consoleFolder(config),
    placement: placementClient,
    auth: authenticatorDoors((desc) => connect(desc, serviceOf(authPart, desc), around)),
    auditLog: authPart.auditLog,
    auditSources: [ownAuditSource('this process', authPart.auditLog)],
    limits: { gateways: 1, openStore: undefined },
    guard: clientLimits(config.limits),
    cache: cacheLimits(config.cache, undefined),
    connectWorker: () => workerClient,
    connectReranker: () => rerankerClient,
    embedders: options.embedders,
    slowQueries: { ...config.slowQueries, gateway: 'vectron' },
    version: options.version,
    clock,
    random,
    logger: logger.child({ part: 'gateway' }),
    metrics,
    tracer,
  })
  closers.add(() => gateway.close())
  return {
    httpUrl: `http://${config.http.host}:${gateway.httpPort}`,
    grpcAddress: `${config.http.host}:${gateway.grpcPort}`,
    clusterId: running.clusterId,
    auth: authPart,
    close: () => closers.closeAll(),
  }
}

async function startPlacement(
  config: StandaloneConfig,
  around: Surroundings,
): Promise<RunningPlacement> {
  const { folder } = config.data
  const identity = await readIdentity(workerFolder(folder))
  return openPlacementPart(
    {
      dataFolder: folder,
      transport: soleTransport(identity?.clusterId ?? '', around),
      whenEmpty:
        identity === undefined
          ? { kind: 'bootstrap' }
          : {
              kind: 'refuse',
              why: `the worker's data belongs to the cluster ${identity.clusterId}`,
            },
    },
    around,
  )
}

async function startWorker(
  config: StandaloneConfig,
  { clusterId }: RunningPlacement,
  client: Client<typeof placement.Placement>,
  around: Surroundings,
): Promise<RunningWorker> {
  const identity = await registerWorker({
    folder: workerFolder(config.data.folder),
    placement: client,
    address: LOCAL,
    raftAddress: '',
    zone: '',
  })
  const transport = soleTransport(clusterId, around)
  return openWorkerPart({ config, identity, transport, placement: client }, around)
}

async function startReranker(
  config: StandaloneConfig,
  client: Client<typeof placement.Placement>,
  around: Surroundings,
): Promise<Client<typeof rerank.Reranker>> {
  const { service } = openReranker(rerankerOptions(config, around))
  around.closers.add(await announce({ placement: client, address: LOCAL, ...around }))
  return connect(rerank.Reranker, service, around)
}

/** A network of one node: its groups have one voter. */
function soleTransport(clusterId: string, { bootEpoch }: Surroundings): Transport {
  return new InProcessNetwork().connect({ clusterId, nodeId: SOLE_NODE, bootEpoch })
}
