/**
 * The life of a process that runs one service: settings, lock, log, probes, parts, ready, signals.
 *
 * From the first moment /livez answers, so that an orchestrator waits instead of starting anew;
 * /readyz says what is still missing. The one line on standard output comes when all is served; the
 * log goes to standard error. SIGTERM and Ctrl-C close in the reverse order of opening, also while
 * the process still opens; a second signal ends it at once.
 */
import {
  type ConfigSpec,
  type ConfigValues,
  createLogger,
  type LogLevel,
  lockFolder,
  systemClock,
  systemDisk,
} from '@vectron/base'
import { healthRoutes, ServerGuard, startHttpServer } from '@vectron/rpc'
import { formatAddress } from './address.ts'
import { nextBootEpoch } from './boot-epoch.ts'
import { Closers } from './closers.ts'
import { listening } from './listen.ts'
import { type Surroundings, systemSurroundings } from './surroundings.ts'
import { openTracer, type TracingConfig } from './tracing/open-tracer.ts'
import { type Stop, untilStopped } from './until-stopped.ts'

export type ServiceName = 'auth' | 'gateway' | 'placement' | 'reranker' | 'worker'

/** What the settings of every service say about its process. */
export interface NodeSettings {
  /** In its log and its ready line. */
  readonly name: string
  readonly admin: { readonly host: string; readonly port: number }
  readonly logLevel: LogLevel
  readonly tracing: TracingConfig
  /** Absent for a process that keeps nothing. */
  readonly dataFolder: string | undefined
}

/** A service that runs. Closing it is in the closers that it was given. */
export interface OpenService {
  /** Shown in the ready line, by name: `{ grpc: '127.0.0.1:6200' }`. */
  readonly addresses: Readonly<Record<string, string>>
  /** What keeps it from serving right now; asked for by /readyz. */
  readonly problems: () => Promise<readonly string[]> | readonly string[]
  /** What people should know although it serves; told by /readyz too. */
  readonly notes?: () => readonly string[]
}

/** A service as it can be run: what it is called, what can be set, how it is opened. */
export interface ServiceDefinition<S extends ConfigSpec> {
  readonly name: ServiceName
  readonly settings: S
  readonly node: (config: ConfigValues<S>) => NodeSettings
  readonly open: (config: ConfigValues<S>, around: Surroundings) => Promise<OpenService>
}

export interface RunOptions {
  readonly version: string
  /** Takes the ready line. */
  readonly write: (line: string) => void
}

/**
 * Runs the service until a signal; rejects when it cannot open or can no longer go on.
 *
 * @throws VectronError DATA_IN_USE, CONFLICT and INVALID_ARGUMENT naming a setting, and what the
 *   service throws
 */
export async function runService<S extends ConfigSpec>(
  service: ServiceDefinition<S>,
  config: ConfigValues<S>,
  options: RunOptions,
): Promise<void> {
  const node = service.node(config)
  const logger = createLogger({ name: node.name, level: node.logLevel })
  const stop = untilStopped((message) => logger.info(message))
  const closers = new Closers()
  try {
    const bootEpoch = await occupyFolder(node, closers)
    const { version } = options
    const around = systemSurroundings({
      logger,
      tracer: await openTracer({
        tracing: node.tracing,
        service: service.name,
        node: node.name,
        version,
        clock: systemClock,
        logger,
        closers,
      }),
      version,
      bootEpoch,
      onFatal: stop.fail,
      closers,
      signal: stop.signal,
    })
    await serve({ service, config, node, around, stop, options })
  } finally {
    await closers.closeAll()
    logger.info('stopped')
  }
}

/** Locks the data folder and begins the node's next life. */
async function occupyFolder({ dataFolder }: NodeSettings, closers: Closers): Promise<bigint> {
  if (dataFolder === undefined) return 0n
  const lock = lockFolder(dataFolder)
  closers.add(() => lock.release())
  return nextBootEpoch({ folder: dataFolder, disk: systemDisk, clock: systemClock })
}

interface Serving<S extends ConfigSpec> {
  readonly service: ServiceDefinition<S>
  readonly config: ConfigValues<S>
  readonly node: NodeSettings
  readonly around: Surroundings
  readonly stop: Stop
  readonly options: RunOptions
}

async function serve<S extends ConfigSpec>(serving: Serving<S>): Promise<void> {
  const { service, config, node, around, stop, options } = serving
  let problems: OpenService['problems'] = () => [`${service.name} is starting`]
  let notes: NonNullable<OpenService['notes']> = () => []
  const health = { problems: () => problems(), notes: () => notes() }
  const admin = await openAdmin(node, around, health)
  const opening = service.open(config, around)
  // A stop while it opens wins; what the opening still does is closed with the rest.
  opening.catch(() => {})
  const opened = await Promise.race([opening, stop.stopped])
  if (opened === undefined) return
  problems = opened.problems
  if (opened.notes !== undefined) notes = opened.notes
  const ready = {
    event: 'ready',
    service: service.name,
    node: node.name,
    version: options.version,
    pid: process.pid,
    ...opened.addresses,
    admin,
  }
  around.logger.info(ready, 'ready')
  options.write(JSON.stringify(ready))
  await stop.stopped
  problems = () => [`${service.name} is stopping`]
}

/** Answers the URL of probes and metrics. */
async function openAdmin(
  { admin }: NodeSettings,
  { metrics, logger, closers }: Surroundings,
  health: Required<Pick<OpenService, 'problems' | 'notes'>>,
): Promise<string> {
  const { host, port } = admin
  const routes = healthRoutes({ metrics, ...health })
  const server = await listening({ setting: 'admin.port', host, port }, () =>
    startHttpServer({
      host,
      port,
      services: [],
      routes,
      logger,
      guard: new ServerGuard({ door: 'admin', metrics }),
    }),
  )
  closers.add(() => server.close())
  return `http://${formatAddress({ host, port: server.port })}`
}
