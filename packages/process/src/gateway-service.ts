/** `vectron gateway`: a gateway in a process of its own. It keeps nothing. */

import {
  type AuditLog,
  isVectronError,
  NO_AUDIT_LOG,
  openAuditLog,
  VectronError,
} from '@vectron/base'
import { auth } from '@vectron/contracts'
import {
  type AuditSource,
  authenticatorAuditSource,
  type DemoNodes,
  type Embedder,
  openGateway,
  ownAuditSource,
} from '@vectron/gateway-service'
import { formatAddress, isLoopback } from './address.ts'
import { authenticatorDoors } from './authenticator-doors.ts'
import { cacheLimits } from './cache-limits.ts'
import { clientLimits } from './client-limits.ts'
import { Connections } from './connections.ts'
import { consoleFolder } from './console-folder.ts'
import { Instances } from './instances.ts'
import { explainListen } from './listen.ts'
import type { OpenService, ServiceDefinition } from './run-service.ts'
import { GATEWAY_SETTINGS, type GatewayConfig } from './settings.ts'
import { sharedStore } from './shared-store.ts'
import type { Surroundings } from './surroundings.ts'
import { openTrust } from './trust.ts'
import { untilAnswered } from './until-answered.ts'

/** Finds the nodes of a cluster on this machine. @param folder of the cluster */
export type OpenDemo = (folder: string) => DemoNodes

interface GatewayParts {
  readonly embedders: readonly Embedder[]
  readonly openDemo: OpenDemo | undefined
}

/** A gateway whose collections may name these embedders. */
export function gatewayService(
  embedders: readonly Embedder[],
  openDemo?: OpenDemo,
): ServiceDefinition<typeof GATEWAY_SETTINGS> {
  return {
    name: 'gateway',
    settings: GATEWAY_SETTINGS,
    node: ({ node, admin, log, tracing }) => ({
      name: nameOf(node),
      admin,
      logLevel: log.level,
      tracing,
      dataFolder: undefined,
    }),
    open: (config, around) => openGatewayService(config, { embedders, openDemo }, around),
  }
}

/** What people are told of it, in logs and in views. */
function nameOf({ name }: GatewayConfig['node']): string {
  return name || 'gateway'
}

async function openGatewayService(
  config: GatewayConfig,
  { embedders, openDemo }: GatewayParts,
  around: Surroundings,
): Promise<OpenService> {
  const { clock, random, logger, metrics, tracer, version, closers } = around
  const { host, port } = config.http
  const dials = {
    'placement.members': config.placement.members,
    'auth.addresses': config.auth.addresses,
  }
  const trust = await openTrust({ ...config, role: 'gateway', listens: {}, dials }, around)
  const connections = new Connections({ ...around, trust })
  const authenticators = new Instances(
    config.auth.addresses.map((address) => connections.authenticator(address)),
  )
  const store = sharedStore(config, around)
  const auditLog = openGatewayAudit(config, around)
  const client = connections.placement(config.placement.members)
  await untilAnswered('placement', () => client.getRouting({}), around)
  const gateway = await openGateway({
    host,
    httpPort: port,
    grpcPort: config.grpc.port,
    corsOrigins: config.http.corsOrigins,
    consoleFolder: consoleFolder(config),
    placement: client,
    auth: authenticatorDoors((desc) => authenticators.client(desc)),
    auditLog,
    auditSources: auditSources(config, auditLog, connections),
    limits: { gateways: config.limits.gateways, openStore: store?.openRates },
    guard: clientLimits(config.limits),
    cache: cacheLimits(config.cache, store),
    connectWorker: connections.workers(),
    connectReranker: connections.rerankers(),
    embedders,
    slowQueries: { ...config.slowQueries, gateway: nameOf(config.node) },
    demoNodes: demoNodes(config, openDemo),
    version,
    clock,
    random,
    logger,
    metrics,
    tracer,
  }).catch((error: unknown) => {
    throw explainPort(config, error)
  })
  closers.add(() => gateway.close())
  return {
    addresses: {
      http: `http://${formatAddress({ host, port: gateway.httpPort })}`,
      grpc: formatAddress({ host, port: gateway.grpcPort }),
    },
    problems: () => gateway.problems(),
    notes: () => gateway.notes(),
  }
}

/**
 * Whoever reaches this address could kill nodes with the key of an operator, so it must be one that
 * only this machine reaches.
 */
function demoNodes(config: GatewayConfig, openDemo: OpenDemo | undefined): DemoNodes | undefined {
  const { folder } = config.demo
  if (folder === '' || openDemo === undefined) return undefined
  const { host } = config.http
  if (isLoopback(host)) return openDemo(folder)
  throw new VectronError(
    'INVALID_ARGUMENT',
    `demo.folder lets people kill nodes, and http.host ${host} is reached from other machines: ` +
      'leave demo.folder out, or listen on 127.0.0.1.',
    { field: 'demo.folder' },
  )
}

/** A gateway has no folder of its own: it audits when it is told where. */
function openGatewayAudit({ audit }: GatewayConfig, { clock, logger }: Surroundings): AuditLog {
  if (audit.file === '') return NO_AUDIT_LOG
  return openAuditLog({
    file: audit.file,
    clock,
    onFailed: (error) => logger.error({ err: error }, 'the audit log cannot be written'),
  })
}

/** Each instance of the authenticator writes a log of its own. */
function auditSources(
  { node, auth: { addresses } }: GatewayConfig,
  auditLog: AuditLog,
  connections: Connections,
): AuditSource[] {
  return [
    ownAuditSource(`the gateway ${nameOf(node)}`, auditLog),
    ...addresses.map((address) => {
      const client = connections.authenticator(address).client(auth.Auth)
      return authenticatorAuditSource(`the authenticator at ${address}`, client)
    }),
  ]
}

/** The servers name the port that they could not have. */
function explainPort({ http, grpc }: GatewayConfig, error: unknown): unknown {
  const isGrpc = isVectronError(error) && error.subject === 'grpc-port'
  const { port } = isGrpc ? grpc : http
  return explainListen(
    { setting: isGrpc ? 'grpc.port' : 'http.port', host: http.host, port },
    error,
  )
}
