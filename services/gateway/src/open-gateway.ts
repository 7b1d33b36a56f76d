/**
 * Opens a gateway: the public services over gRPC and HTTP, behind authentication, log and metrics.
 *
 * Stateless: what it caches (routing, keys) it can fetch again, so any number may run side by side.
 */

import {
  type AuditLog,
  type Clock,
  type Logger,
  type Metrics,
  ProcessLoad,
  type Random,
  type Tracer,
  toVectronError,
} from '@vectron/base'
import { PUBLIC_SERVICES, type placement, vectron, wire } from '@vectron/contracts'
import { type ConnectWorker, Router } from '@vectron/routing'
import {
  BodyBudget,
  type BoundService,
  bindService,
  bindShadowedService,
  type Client,
  type GuardLimits,
  gateService,
  healthRoutes,
  type Interceptor,
  openApiRoute,
  type PlainRoute,
  recordCalls,
  ServerGuard,
  startGrpcServer,
  startHttpServer,
  type TurnAway,
  traceCalls,
} from '@vectron/rpc'
import { AccessService } from './access/access-service.ts'
import type { AuditSource } from './access/audit-sources.ts'
import { type Access, type AuthenticatorDoors, openAccess } from './access/open-access.ts'
import { type GatewayLimits, openRates } from './access/open-rates.ts'
import { ClusterService } from './cluster-service.ts'
import { CollectionsService } from './collections-service.ts'
import { browserSessionRoutes } from './console/browser-sessions.ts'
import { consolePages } from './console/console-pages.ts'
import type { GatewayContext } from './context.ts'
import { type DemoNodes, DemoService } from './demo-service.ts'
import type { Embedder } from './embedder.ts'
import { FeedbackService } from './feedback/feedback-service.ts'
import { openLoadGates } from './load-gates.ts'
import { PointsService } from './points-service.ts'
import { RecentLoad } from './recent-load.ts'
import { RerankStage } from './rerank/rerank-stage.ts'
import { type ConnectReranker, RerankerPool } from './rerank/reranker-pool.ts'
import { RerankingService } from './rerank/reranking-service.ts'
import { CachedSearches } from './search/cached-searches.ts'
import { ResultCache } from './search/result-cache.ts'
import type { SearchAnswer } from './search/run-search.ts'
import { SearchService } from './search/search-service.ts'
import { type ResultStore, SharedResults } from './search/shared-results.ts'
import { declareStageSeconds } from './search/stage-times.ts'
import { SlowQueries, type SlowQueryLimits } from './slow/slow-queries.ts'
import { WrittenPositions } from './written-positions.ts'

export interface GatewayOptions {
  /** Address to listen on, for both protocols. */
  readonly host: string
  /** 0: any free port. */
  readonly httpPort: number
  readonly grpcPort: number
  /** Web pages that may call over HTTP. */
  readonly corsOrigins: readonly string[]
  /** The folder of the built console; undefined: none is served. */
  readonly consoleFolder: string | undefined
  readonly placement: Client<typeof placement.Placement>
  readonly auth: AuthenticatorDoors
  /** Written to. */
  readonly auditLog: AuditLog
  /** Read from: all logs of what is done through this gateway. */
  readonly auditSources: readonly AuditSource[]
  readonly limits: GatewayLimits
  /** Of clients, for each of both ports and for both together. */
  readonly guard: GuardLimits & {
    readonly bodiesInFlightBytesMax: number
    /** Milliseconds that a call may be expected to take; beyond, new ones are refused. */
    readonly queueMsMax: number
  }
  /** Of answers that are kept for those who ask the same. */
  readonly cache: CacheLimits
  readonly connectWorker: ConnectWorker
  readonly connectReranker: ConnectReranker
  readonly embedders: readonly Embedder[]
  readonly slowQueries: SlowQueryLimits
  /** Nodes that operators may kill and start from the console. Default: none. */
  readonly demoNodes?: DemoNodes | undefined
  /** Release of the product, as people are told it. */
  readonly version: string
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly metrics: Metrics
  /** Default: requests are not traced. */
  readonly tracer?: Tracer | undefined
}

export interface CacheLimits {
  /** Memory of all of them; 0: none is kept. */
  readonly bytesMax: number
  /** Milliseconds that an eventual read lets one be old. */
  readonly eventualAgeMsMax: number
  /** Opens the store in which the gateways of this cluster keep theirs for each other. */
  readonly openStore: ((clusterId: string) => ResultStore) | undefined
}

export interface RunningGateway {
  readonly httpPort: number
  readonly grpcPort: number
  /** What keeps it from serving; empty when it serves. */
  problems(): Promise<readonly string[]>
  /** What people should know although it serves. */
  notes(): readonly string[]
  /** Answers what is running, refuses what is new. */
  close(): Promise<void>
}

/** Settles when both ports listen. Rejects with UNAVAILABLE when one of them cannot be had. */
export async function openGateway(options: GatewayOptions): Promise<RunningGateway> {
  const { placement, connectWorker, clock, random, logger, metrics, tracer } = options
  const gatewayId = random.nextU64()
  const router = new Router({ placement, connectWorker, clock, random, gatewayId })
  await router.refresh()
  const { limits } = options
  const rates = await openRates({ limits, router, clock, logger, metrics })
  const access = openAccess({
    doors: options.auth,
    router,
    auditLog: options.auditLog,
    rates,
    clock,
    logger,
  })
  const shared = openSharedResults(options, router)
  const slowOptions = { limits: options.slowQueries, clock, logger, metrics, tracer }
  const slowQueries = new SlowQueries(slowOptions)
  const recentLoad = new RecentLoad(clock)
  const { queueMsMax } = options.guard
  const { gateOf, turnAway } = openLoadGates({ queueMsMax, clock, metrics, recentLoad })
  const bound = bindServices(options, { router, shared, slowQueries, recentLoad, access })
  const guarded = bound.map((service) =>
    access.guard(gateService(slowQueries.watch(service), gateOf)),
  )
  const services = [...guarded, ...access.services]
  const interceptors = [
    ...(tracer === undefined ? [] : [traceCalls({ tracer, begins: true })]),
    recordCalls({ metrics, logger, clock }),
    recentLoad.interceptor,
    ...access.interceptors,
  ]
  const served = { host: options.host, services, interceptors, turnAway, logger, clock }
  const problems = () => findProblems(router)
  const notes = () => rates.notes
  const routes = [
    ...healthRoutes({ metrics, problems, notes }),
    openApiRoute({ services: services.map(({ desc }) => desc), version: options.version }),
    ...(options.consoleFolder === undefined
      ? []
      : browserSessionRoutes({ accounts: options.auth.accounts, clock })),
  ]
  const release = async () => {
    shared?.close()
    await access.close()
  }
  const { http, grpc } = await openDoors(options, served, routes).catch(async (error: unknown) => {
    await release()
    throw error
  })
  router.follow()
  grpc.health.set('serving')
  return {
    httpPort: http.port,
    grpcPort: grpc.port,
    problems,
    notes,
    close: async () => {
      await Promise.all([http.close(), grpc.close()])
      router.close()
      await release()
    },
  }
}

/** Both ports listen, or none does. */
async function openDoors(options: GatewayOptions, served: Served, routes: readonly PlainRoute[]) {
  const { httpPort, grpcPort, corsOrigins, consoleFolder, metrics, guard: limits } = options
  const bodies = new BodyBudget(limits.bodiesInFlightBytesMax)
  const guardOf = (door: string) => new ServerGuard({ door, metrics, limits, bodies })
  const http = await startHttpServer({
    ...served,
    port: httpPort,
    routes,
    cors: { origins: corsOrigins },
    ...(consoleFolder === undefined ? {} : { pages: consolePages(consoleFolder) }),
    guard: guardOf('http'),
  })
  try {
    const grpc = await startGrpcServer({ ...served, port: grpcPort, guard: guardOf('grpc') })
    return { http, grpc }
  } catch (error) {
    await http.close()
    throw error
  }
}

/** What both doors serve. */
interface Served {
  readonly host: string
  readonly services: readonly BoundService[]
  readonly interceptors: readonly Interceptor[]
  readonly turnAway: TurnAway
  readonly logger: Logger
  readonly clock: Clock
}

/** What gateways keep for each other; undefined where they share no store. */
function openSharedResults(
  { cache, clock, metrics }: GatewayOptions,
  { table }: Router,
): SharedResults | undefined {
  const store = cache.openStore?.(table.clusterId)
  return store && new SharedResults({ store, clock, metrics })
}

interface BoundTo {
  readonly router: Router
  readonly shared: SharedResults | undefined
  readonly slowQueries: SlowQueries
  readonly recentLoad: RecentLoad
  readonly access: Pick<Access, 'checkLimits'>
}

function bindServices(
  options: GatewayOptions,
  { router, shared, slowQueries, recentLoad, access }: BoundTo,
): BoundService[] {
  const { clock, placement, version, metrics, tracer, demoNodes } = options
  const embedders = new Map(options.embedders.map((embedder) => [embedder.name, embedder]))
  const stageSeconds = declareStageSeconds(metrics)
  const { cache } = options
  const results = new CachedSearches<SearchAnswer>({
    cache: new ResultCache({ bytesMax: cache.bytesMax, clock, metrics }),
    shared,
    clock,
    metrics,
    onLookUp: (found) => recentLoad.lookedUp(found),
  })
  const rerankers = new RerankerPool({
    addresses: () => router.rerankers,
    connect: options.connectReranker,
    clock,
  })
  const rerank = new RerankStage({ pool: rerankers, clock, metrics })
  const context: GatewayContext = {
    router,
    embedders,
    clock,
    stageSeconds,
    tracer,
    slowQueries,
    results,
    eventualAgeMsMax: cache.eventualAgeMsMax,
    written: new WrittenPositions(),
    rerank,
  }
  const points = new PointsService(context)
  const feedback = new FeedbackService({
    ...context,
    placement,
    upsert: (request, call) => points.upsertPoints(request, call),
    checkLimits: access.checkLimits,
  })
  const startedUs = clock.monotonicUs()
  return [
    bindService(vectron.Collections, new CollectionsService({ ...context, placement })),
    bindShadowedService({ open: vectron.Points, shadow: wire.Points }, points),
    bindShadowedService({ open: vectron.Search, shadow: wire.Search }, new SearchService(context)),
    bindService(vectron.Reranking, new RerankingService({ ...context, placement, rerankers })),
    bindService(vectron.Feedback, feedback),
    bindService(vectron.Access, createAccessService(options, router)),
    bindService(
      vectron.Cluster,
      new ClusterService({
        ...context,
        placement,
        version,
        startedUs,
        recentLoad,
        processLoad: new ProcessLoad(clock),
        demoNodes,
      }),
    ),
    ...(demoNodes === undefined ? [] : [bindService(vectron.Demo, new DemoService(demoNodes))]),
  ]
}

function createAccessService({ auth, auditSources, clock }: GatewayOptions, router: Router) {
  return new AccessService({
    apiKeys: auth.apiKeys,
    names: router,
    services: PUBLIC_SERVICES,
    nowMs: () => clock.nowMs(),
    auditSources,
    clusterId: router.table.clusterId,
  })
}

/** By routing fetched anew; without placement a gateway is not ready. */
async function findProblems(router: Router): Promise<string[]> {
  try {
    const table = await router.refresh()
    return [...table.collections.values()].flatMap(({ name, shards }) =>
      shards
        .filter((shard) => shard.leader === undefined)
        .map(({ shardId }) => `shard ${shardId} of "${name}" has no leader`),
    )
  } catch (error) {
    return [`placement does not answer: ${toVectronError(error).message}`]
  }
}
