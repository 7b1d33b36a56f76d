/**
 * The gRPC server, on node:http2.
 *
 * The protocol is small (frames.ts, grpc-headers.ts), and speaking it here instead of through a
 * general library halves the time between a search's request and its answer: docs/decisions/0006.
 * Adds to every server: the health service and reflection, open to everybody.
 * Leaves the life of one call to grpc-call.ts.
 */
import {
  constants,
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
import { FloodError, FloodWatch } from '../guard/flood-watch.ts'
import { type EndCause, ServerGuard } from '../guard/server-guard.ts'
import type { Rate } from '../guard/token-bucket.ts'
import type { TurnAway } from '../guard/turn-away.ts'
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
  /** Of `services`. Default: nobody is turned away. */
  readonly turnAway?: TurnAway | undefined
  readonly logger: Logger
  readonly clock?: Clock
  /** Callers must show a certificate of the same authority. Default: no TLS. */
  readonly tls?: GrpcTls
  /** Bytes of one message. Default: LIMITS.bodyBytesMax. */
  readonly messageBytesMax?: number
  /** Calls of a connection that may be cancelled. Default: LIMITS.publicResets. */
  readonly resets?: Rate
  /** Default: one of its own, with the default limits. */
  readonly guard?: ServerGuard
}

export interface RunningGrpcServer {
  readonly port: number
  readonly health: GrpcHealth
  /** Refuses new calls, waits up to `graceMs` for running ones, then cuts them off. */
  close(graceMs?: number): Promise<void>
}

/** Bytes that a caller may send ahead, of one call and of a connection: one large upsert. */
const WINDOW_BYTES = 4 * 1024 * 1024

/** Megabytes of answers that may wait on one connection; beyond, new calls on it are refused. */
const SESSION_MEMORY_MB = 512

/**
 * nghttp2 ends a connection at this multiple of the resets that are allowed, before this process
 * hears of them. It also counts resets of calls that were answered, by which busy clients are known
 * whose calls are refused; what is within is told apart here, and ended with ENHANCE_YOUR_CALM.
 */
const NATIVE_RESETS_FACTOR = 100

/** Listens; rejects with UNAVAILABLE when the port cannot be had. */
export async function startGrpcServer(options: GrpcServerOptions): Promise<RunningGrpcServer> {
  const { clock = systemClock, resets = LIMITS.publicResets } = options
  const guard = options.guard ?? ServerGuard.byDefault('grpc')
  const health = new GrpcHealth(options.services.map((service) => service.desc.typeName))
  const methods = servedMethods(options, health, guard)
  const server = createHttp2Server(options.tls, {
    settings: {
      enablePush: false,
      maxConcurrentStreams: LIMITS.streamsPerConnectionMax,
      initialWindowSize: WINDOW_BYTES,
      maxHeaderListSize: LIMITS.headerBytesMax,
    },
    maxSessionMemory: SESSION_MEMORY_MB,
    maxSessionInvalidFrames: 100,
    maxSessionRejectedStreams: 50,
    streamResetBurst: resets.burst * NATIVE_RESETS_FACTOR,
    streamResetRate: resets.perSecond * NATIVE_RESETS_FACTOR,
  })
  guard.watch(server, (socket, cause) => refuseConnection(socket, guard.explain(cause)))
  const sockets = watchSockets(server)
  const sessions = watchSessions(server, { logger: options.logger, guard, resets, clock })
  server.on('stream', (stream, headers) => {
    sessions.get(stream.session as ServerHttp2Session)?.opened(stream)
    // Cancelled in the same breath as it was made: there is nobody to answer.
    if (!stream.closed && !stream.destroyed) answerStream(methods, stream, headers)
  })
  const port = await listen(server, options.host ?? '127.0.0.1', options.port)
  return {
    port,
    health,
    close: (graceMs = 2000) => shutDown({ server, sockets, sessions, health }, graceMs),
  }
}

type AnyServer = Http2Server | Http2SecureServer

function createHttp2Server(tls: GrpcTls | undefined, options: ServerOptions): AnyServer {
  if (tls === undefined) return createServer(options)
  const handshakeTimeout = LIMITS.headersTimeoutMs
  const server = createSecureServer({ ...options, ...serverTls(tls), handshakeTimeout })
  tls.onChanged(() => server.setSecureContext({ ...tls.pem, minVersion: 'TLSv1.3' }))
  return server
}

function servedMethods(
  options: GrpcServerOptions,
  health: GrpcHealth,
  guard: ServerGuard,
): ReadonlyMap<string, ServedMethod> {
  const { services, interceptors = [], turnAway, logger, clock = systemClock } = options
  const bytesMax = options.messageBytesMax ?? LIMITS.bodyBytesMax
  const methods = new Map<string, ServedMethod>()
  const add = (service: BoundService, dispatcher: Dispatcher) => {
    const messageBytesMax = Math.min(bytesMax, service.requestBytesMax ?? Infinity)
    for (const method of service.methods) {
      const path = methodPath(method.open)
      methods.set(path, { method, dispatcher, logger, messageBytesMax, guard })
    }
  }
  for (const service of services) add(service, { interceptors, turnAway, clock })
  const builtIn = [health.service, ...reflectionServices([...services, health.service])]
  for (const service of builtIn) {
    add({ ...service, requestBytesMax: LIMITS.openRequestBytesMax }, { interceptors: [], clock })
  }
  return methods
}

/** The connections themselves, below TLS. */
function watchSockets(server: AnyServer): ReadonlySet<Socket> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    socket.setNoDelay(true)
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  return sockets
}

interface Watching {
  readonly logger: Logger
  readonly guard: ServerGuard
  readonly resets: Rate
  readonly clock: Clock
}

/** Keeps the open sessions with the watch of each, and closes those that never say a word. */
function watchSessions(
  server: AnyServer,
  { logger, guard, resets, clock }: Watching,
): ReadonlyMap<ServerHttp2Session, FloodWatch> {
  const sessions = new Map<ServerHttp2Session, FloodWatch>()
  server.on('session', (session) => {
    sessions.set(session, new FloodWatch({ session, resets, clock }))
    const silent = setTimeout(() => {
      guard.ended('slow-header')
      session.destroy()
    }, LIMITS.headersTimeoutMs)
    session.once('remoteSettings', () => clearTimeout(silent))
    session.once('close', () => {
      clearTimeout(silent)
      sessions.delete(session)
    })
    session.on('error', (err) => logger.debug({ err }, 'gRPC connection failed'))
    session.setLocalWindowSize(WINDOW_BYTES)
  })
  server.on('sessionError', (err) => {
    guard.ended(err instanceof FloodError ? err.reason : causeOf(err))
    logger.debug({ err }, 'gRPC connection failed')
  })
  return sessions
}

/** What nghttp2 ended a connection for. */
function causeOf({ message }: Error): EndCause {
  if (/flood|CONTINUATION|ENHANCE_YOUR_CALM/i.test(message)) return 'control-flood'
  return 'malformed'
}

// RFC 9113, sections 4.1 and 6.8: header of nine bytes; last stream id, error code, text.
const FRAME_HEADER_BYTES = 9
const GOAWAY_BYTES = FRAME_HEADER_BYTES + 8
const SETTINGS_FRAME = 4
const GOAWAY_FRAME = 7

/** Milliseconds that a refused caller has to read why. */
const REFUSAL_READ_MS = 1000

/** Tells a caller who is one too many, in frames of HTTP/2, without making a session for him. */
function refuseConnection(socket: Socket, message: string): void {
  socket.on('error', () => socket.destroy())
  socket.resume()
  socket.setTimeout(REFUSAL_READ_MS, () => socket.destroy())
  const debug = Buffer.from(message)
  const settings = Buffer.from([0, 0, 0, SETTINGS_FRAME, 0, 0, 0, 0, 0])
  const goaway = Buffer.alloc(GOAWAY_BYTES)
  goaway.writeUIntBE(GOAWAY_BYTES - FRAME_HEADER_BYTES + debug.length, 0, 3)
  goaway[3] = GOAWAY_FRAME
  goaway.writeUInt32BE(constants.NGHTTP2_ENHANCE_YOUR_CALM, GOAWAY_BYTES - 4)
  socket.end(Buffer.concat([settings, goaway, debug]))
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
    stream.resume()
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
    const backlog = LIMITS.connectionBacklog
    server.listen({ port, host, backlog }, () => resolve((server.address() as AddressInfo).port))
  })
}

interface Running {
  readonly server: AnyServer
  readonly sockets: ReadonlySet<Socket>
  readonly sessions: ReadonlyMap<ServerHttp2Session, FloodWatch>
  readonly health: GrpcHealth
}

/**
 * Calls under way have until the grace ends. Then sockets go, and with them also those that never
 * became a session, or have outlived theirs.
 */
function shutDown({ server, sockets, sessions, health }: Running, graceMs: number): Promise<void> {
  health.close()
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      for (const session of sessions.keys()) session.destroy()
      for (const socket of sockets) socket.destroy()
    }, graceMs)
    server.close(() => {
      clearTimeout(timer)
      resolve()
    })
    for (const session of sessions.keys()) session.close()
  })
}
