/** `vectron auth`: the authenticator in a process of its own. */
import { resolve } from 'node:path'
import type { RunningAuth } from '@vectron/auth-service'
import { createLogger, systemClock, systemRandom, toVectronError } from '@vectron/base'
import { healthRoutes, openApiRoute, recordCalls, ServerGuard, startHttpServer } from '@vectron/rpc'
import { formatAddress } from './address.ts'
import { Closers } from './closers.ts'
import { openGrpcEndpoint } from './grpc-endpoint.ts'
import { listening } from './listen.ts'
import { openAuthPart } from './parts.ts'
import type { OpenService, ServiceDefinition } from './run-service.ts'
import { AUTH_SETTINGS, type AuthConfig } from './settings.ts'
import type { Surroundings } from './surroundings.ts'
import { openTrust } from './trust.ts'

export const AUTH_SERVICE: ServiceDefinition<typeof AUTH_SETTINGS> = {
  name: 'auth',
  settings: AUTH_SETTINGS,
  node: ({ node, admin, log, data, tracing }) => ({
    name: node.name || 'auth',
    admin,
    logLevel: log.level,
    tracing,
    dataFolder: resolve(data.folder),
  }),
  open: openAuthService,
}

async function openAuthService(config: AuthConfig, around: Surroundings): Promise<OpenService> {
  const listens = { 'grpc.host': config.grpc.host }
  const trust = await openTrust({ ...config, role: 'auth', listens, dials: {} }, around)
  const running = await openAuthPart(config, around)
  if ((await running.countKeys()) === 0) {
    around.logger.warn('there is no API key yet; make one: vectron auth --create-key NAME')
  }
  const services = [running.auth, ...running.publicServices]
  const endpoint = { ...config.grpc, setting: 'grpc.advertise' }
  const callers = ['gateway'] as const
  const grpc = await openGrpcEndpoint({ endpoint, services, trust, callers }, around)
  const problems = () => findProblems(running)
  const http = await openHttp(config, { running, problems, around })
  grpc.serve()
  return { addresses: { grpc: grpc.address, http }, problems }
}

/** What SDKs and the console ask, without a gateway between. Answers the URL. */
async function openHttp(
  { http: { host, port, corsOrigins } }: AuthConfig,
  serving: {
    readonly running: RunningAuth
    readonly problems: OpenService['problems']
    readonly around: Surroundings
  },
): Promise<string> {
  const { running, problems, around } = serving
  const { metrics, logger, clock, closers, version } = around
  const services = running.publicServices
  const server = await listening({ setting: 'http.port', host, port }, () =>
    startHttpServer({
      host,
      port,
      services,
      interceptors: [recordCalls({ metrics, logger, clock })],
      routes: [
        ...healthRoutes({ metrics, problems }),
        openApiRoute({ services: services.map(({ desc }) => desc), version }),
      ],
      cors: { origins: corsOrigins },
      guard: new ServerGuard({ door: 'http', metrics }),
      logger,
      clock,
    }),
  )
  closers.add(() => server.close())
  return `http://${formatAddress({ host, port: server.port })}`
}

/** By a read of the store: without it nobody is known. */
async function findProblems(running: RunningAuth): Promise<readonly string[]> {
  try {
    await running.isOwnerSettled()
    return []
  } catch (error) {
    return [`the store of credentials does not answer: ${toVectronError(error).message}`]
  }
}

/**
 * Makes a key for the owner of the cluster, also while the process of the authenticator runs: its
 * store takes several processes.
 */
export function createKey(config: AuthConfig, name: string): Promise<string> {
  return withAuthenticator(config, async (running) => (await running.createOwnerKey(name)).text)
}

/** Signs the owner in, once; undefined when the owner has a password. While it runs, as above. */
export function createSignInLink(config: AuthConfig): Promise<string | undefined> {
  return withAuthenticator(config, async (running) =>
    (await running.isOwnerSettled()) ? undefined : running.createSignInLink(),
  )
}

async function withAuthenticator<Answer>(
  config: AuthConfig,
  work: (running: RunningAuth) => Promise<Answer>,
): Promise<Answer> {
  const closers = new Closers()
  const logger = createLogger({ name: 'auth', level: 'warn' })
  try {
    const around = { clock: systemClock, random: systemRandom, logger, closers }
    return await work(await openAuthPart(config, around))
  } finally {
    await closers.closeAll()
  }
}
