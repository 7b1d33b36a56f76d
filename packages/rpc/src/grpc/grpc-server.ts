/**
 * The gRPC server, on node:http2.
 *
 * The protocol is small (frames.ts, grpc-headers.ts), and speaking it here instead of through a
 * general library halves the time between a search's request and its answer: docs/decisions/0006.
 * Adds to every server: the health service and reflection, open to everybody.
 * Leaves the life of one call to grpc-call.ts.
 */
import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import { type Clock, LIMITS, type Logger, systemClock, VectronError } from '@vectron/base'
import { acceptRequestId } from '../call.ts'
import type { Dispatcher, Interceptor } from '../dispatch.ts'
import { type BoundService, methodPath } from '../service.ts'
import { reportError } from '../status.ts'
import { type ServedMethod, serveCall } from './grpc-call.ts'
import { errorTrailers, GRPC_CONTENT_TYPE } from './grpc-headers.ts'
import { type GrpcTls, serverTls } from './grpc-tls.ts'
import { GrpcHealth } from './health.ts'
import { reflectionServices } from './reflection.ts'

export interface GrpcServerOptions {
  /** Address to listen on. Default: 127.0.0.1. */
  readonly host?: string
  /** 0: any free port. */
  readonly port: number
  readonly services: readonly BoundService[]
  /** Outermost first. They run for `services`, not for health and reflection. */
  readonly interceptors?: readonly Interceptor[]
  readonly logger: Logger
  readonly clock?: Clock
  /** Callers must show a certificate of the same authority. Default: no TLS. */
  readonly tls?: GrpcTls
  /** Bytes of one message. Default: LIMITS.bodyBytesMax. */
  readonly messageBytesMax?: number
}

export interface RunningGrpcServer {
  readonly port: number
  readonly health: GrpcHealth
  /** Refuses new calls, waits up to `graceMs` for running ones, then cuts them off. */
  close(graceMs?: number): Promise<void>
}

/** Calls of one connection at a time; more wait at the client. */
const STREAMS_MAX = 1000

/** Bytes that a caller may send ahead, of one call and of a connection: one large upsert. */
const WINDOW_BYTES = 4 * 1024 * 1024

/** Megabytes of answers that may wait on one connection; beyond, new calls on it are refused. */
const SESSION_MEMORY_MB = 512

/** Listens; rejects with UNAVAILABLE when the port cannot be had. */
export async function startGrpcServer(options: GrpcServerOptions): Promise<RunningGrpcServer> {
  const health = new GrpcHealth(options.services.map((service) => service.desc.typeName))
  const methods = servedMethods(options, health)
  const server = createHttp2Server(options.tls, {
    settings: {
      enablePush: false,
      maxConcurrentStreams: STREAMS_MAX,
      initialWindowSize: WINDOW_BYTES,
      maxHeaderListSize: LIMITS.headerBytesMax,
    },
    maxSessionMemory: SESSION_MEMORY_MB,
    maxSessionInvalidFrames: 100,
    maxSessionRejectedStreams: 50,
  })
  server.on('stream', (stream, headers) => answerStream(methods, stream, headers))
  const sessions = watchSessions(server, options.logger)
  const port = await listen(server, options.host ?? '127.0.0.1', options.port)
  return { port, health, close: (graceMs = 2000) => shutDown(server, sessions, health, graceMs) }
}

type AnyServer = Http2Server | Http2SecureServer

function createHttp2Server(tls: GrpcTls | undefined, options: ServerOptions): AnyServer {
  if (tls === undefined) return createServer(options)
  const server = createSecureServer({ ...options, ...serverTls(tls) })
  tls.onChanged(() => server.setSecureContext({ ...tls.pem, minVersion: 'TLSv1.3' }))
  return server
}

function servedMethods(
  options: GrpcServerOptions,
  health: GrpcHealth,
): ReadonlyMap<string, ServedMethod> {
  const { services, interceptors = [], logger, clock = systemClock } = options
  const messageBytesMax = options.messageBytesMax ?? LIMITS.bodyBytesMax
  const methods = new Map<string, ServedMethod>()
  const add = (service: BoundService, dispatcher: Dispatcher) => {
    for (const method of service.methods) {
      const path = methodPath(method.open)
      methods.set(path, { method, dispatcher, logger, messageBytesMax })
    }
  }
  for (const service of services) add(service, { interceptors, clock })
  const builtIn = [health.service, ...reflectionServices([...services, health.service])]
  for (const service of builtIn) add(service, { interceptors: [], clock })
  return methods
}

/** Keeps the set of open sessions, and closes those that never say a word of HTTP/2. */
function watchSessions(server: AnyServer, logger: Logger): ReadonlySet<ServerHttp2Session> {
  const sessions = new Set<ServerHttp2Session>()
  server.on('session', (session) => {
    sessions.add(session)
    const silent = setTimeout(() => session.destroy(), LIMITS.headersTimeoutMs)
    session.once('remoteSettings', () => clearTimeout(silent))
    session.once('close', () => {
      clearTimeout(silent)
      sessions.delete(session)
    })
    session.on('error', (err) => logger.debug({ err }, 'gRPC connection failed'))
    session.setLocalWindowSize(WINDOW_BYTES)
  })
  server.on('sessionError', (err) => logger.debug({ err }, 'gRPC connection failed'))
  server.on('connection', (socket: Socket) => socket.setNoDelay(true))
  return sessions
}

function answerStream(
  methods: ReadonlyMap<string, ServedMethod>,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
): void {
  // Whatever breaks a stream also closes it, and that is where calls end.
  stream.on('error', () => undefined)
  if (!String(headers['content-type']).startsWith(GRPC_CONTENT_TYPE)) {
    stream.respond({ ':status': 415 }, { endStream: true })
    return
  }
  const path = String(headers[':path'])
  const served = methods.get(path)
  if (served !== undefined) serveCall(served, stream, headers)
  else refuseMethod(stream, path)
}

function refuseMethod(stream: ServerHttp2Stream, path: string): void {
  const error = new VectronError('ROUTE_NOT_FOUND', `There is no method ${path}.`)
  const trailers = errorTrailers(reportError(error, acceptRequestId(undefined)))
  const headers = { ':status': 200, 'content-type': GRPC_CONTENT_TYPE, ...trailers }
  stream.respond(headers, { endStream: true })
  stream.resume()
}

function listen(server: AnyServer, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const message = `The gRPC address ${host}:${port} cannot be used: ${cause.message}.`
      reject(new VectronError('UNAVAILABLE', message, { subject: 'grpc-port', cause }))
    })
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port))
  })
}

function shutDown(
  server: AnyServer,
  sessions: ReadonlySet<ServerHttp2Session>,
  health: GrpcHealth,
  graceMs: number,
): Promise<void> {
  health.close()
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      for (const session of sessions) session.destroy()
    }, graceMs)
    server.close(() => {
      clearTimeout(timer)
      resolve()
    })
    for (const session of sessions) session.close()
  })
}
