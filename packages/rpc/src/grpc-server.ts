/**
 * The gRPC server: carries calls from @grpc/grpc-js to bound services.
 *
 * The library is handed buffers both ways; decoding and encoding happen here, so that a request that
 * does not decode is answered with its reason like any other mistake (the library would say INTERNAL).
 * Adds to every server: the health service and reflection, open to everybody.
 * Leaves to dispatch.ts what happens inside a call.
 */
import {
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  type ServerErrorResponse,
} from '@grpc/grpc-js'
import { type Clock, LIMITS, type Logger, systemClock, VectronError } from '@vectron/base'
import { AsyncQueue } from './async-queue.ts'
import { Call } from './call.ts'
import { type Dispatcher, type Exchange, type Interceptor, runCall } from './dispatch.ts'
import { encodeStatus } from './grpc-status.ts'
import { GrpcHealth } from './health.ts'
import { reflectionServices } from './reflection.ts'
import { type BoundMethod, type BoundService, methodPath } from './service.ts'
import { isServerFault, reportError } from './status.ts'
import { decodeRequest, encodeMessage } from './wire-codec.ts'

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
  /** Bytes of one message. Default: LIMITS.bodyBytesMax. */
  readonly messageBytesMax?: number
}

export interface RunningGrpcServer {
  readonly port: number
  readonly health: GrpcHealth
  /** Refuses new calls, waits up to `graceMs` for running ones, then cuts them off. */
  close(graceMs?: number): Promise<void>
}

/** Listens; rejects with UNAVAILABLE when the port cannot be had. */
export async function startGrpcServer(options: GrpcServerOptions): Promise<RunningGrpcServer> {
  const messageBytesMax = options.messageBytesMax ?? LIMITS.bodyBytesMax
  const server = new Server({
    // Twice our own limit: a message a little too large then gets our error, which says what to do.
    'grpc.max_receive_message_length': 2 * messageBytesMax,
    'grpc.max_send_message_length': -1,
    'grpc.max_concurrent_streams': 1000,
    'grpc.keepalive_time_ms': 60_000,
    'grpc-node.max_session_memory': Number.MAX_SAFE_INTEGER,
  })
  const health = new GrpcHealth(options.services.map((service) => service.desc.typeName))
  const host: Host = { logger: options.logger, messageBytesMax }
  const clock = options.clock ?? systemClock
  const guarded: Dispatcher = { interceptors: options.interceptors ?? [], clock }
  const open: Dispatcher = { interceptors: [], clock }
  for (const service of options.services) register(server, service, guarded, host)
  const builtIn = [health.service, ...reflectionServices([...options.services, health.service])]
  for (const service of builtIn) register(server, service, open, host)
  const port = await listen(server, options.host ?? '127.0.0.1', options.port)
  return { port, health, close: (graceMs = 2000) => shutDown(server, health, graceMs) }
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const address = `${host.includes(':') ? `[${host}]` : host}:${port}`
    server.bindAsync(address, ServerCredentials.createInsecure(), (cause, bound) => {
      if (cause === null) return resolve(bound)
      const message = `The gRPC address ${address} cannot be used: ${cause.message}.`
      reject(new VectronError('UNAVAILABLE', message, { subject: 'grpc-port', cause }))
    })
  })
}

function shutDown(server: Server, health: GrpcHealth, graceMs: number): Promise<void> {
  health.close()
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.forceShutdown(), graceMs)
    server.tryShutdown(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}

/** What the calls of one server share. */
interface Host {
  readonly logger: Logger
  readonly messageBytesMax: number
}

function register(server: Server, service: BoundService, dispatcher: Dispatcher, host: Host): void {
  for (const method of service.methods) {
    const { handle, type } = libraryHandler({ dispatcher, method, host })
    server.register(methodPath(method.open), handle, asIs, asIs, type)
  }
}

/** Serializer and deserializer for the library. */
const asIs = (bytes: Buffer) => bytes

interface Served {
  readonly dispatcher: Dispatcher
  readonly method: BoundMethod
  readonly host: Host
}

type LibraryHandler =
  | { type: 'unary'; handle: handleUnaryCall<Buffer, Buffer> }
  | { type: 'serverStream'; handle: handleServerStreamingCall<Buffer, Buffer> }
  | { type: 'clientStream'; handle: handleClientStreamingCall<Buffer, Buffer> }
  | { type: 'bidi'; handle: handleBidiStreamingCall<Buffer, Buffer> }

function libraryHandler(served: Served): LibraryHandler {
  switch (served.method.handler.kind) {
    case 'unary':
      return { type: 'unary', handle: unaryHandler(served) }
    case 'server_streaming':
      return { type: 'serverStream', handle: serverStreamHandler(served) }
    case 'client_streaming':
      return { type: 'clientStream', handle: clientStreamHandler(served) }
    case 'bidi_streaming':
      return { type: 'bidi', handle: bidiHandler(served) }
  }
}

function unaryHandler(served: Served): handleUnaryCall<Buffer, Buffer> {
  return (grpcCall, callback) => {
    const call = startCall(served, grpcCall)
    let answer: Buffer | undefined
    runCall(served.dispatcher, served.method, call, {
      ...singleRequest(served, grpcCall.request),
      send: (message) => {
        sendHeaders(call, grpcCall)
        answer = encodeMessage(served.method.output, message)
        return undefined
      },
    }).then(
      () => callback(null, answer),
      (error) => callback(fail(served, call, error)),
    )
  }
}

function serverStreamHandler(served: Served): handleServerStreamingCall<Buffer, Buffer> {
  return (grpcCall) => {
    const call = startCall(served, grpcCall)
    const source = singleRequest(served, grpcCall.request)
    runStream(served, call, grpcCall, { ...source, send: streamSender(served, call, grpcCall) })
  }
}

function clientStreamHandler(served: Served): handleClientStreamingCall<Buffer, Buffer> {
  return (grpcCall, callback) => {
    const call = startCall(served, grpcCall)
    let answer: Buffer | undefined
    runCall(served.dispatcher, served.method, call, {
      ...requestStream(served, grpcCall),
      send: (message) => {
        sendHeaders(call, grpcCall)
        answer = encodeMessage(served.method.output, message)
        return undefined
      },
    }).then(
      () => callback(null, answer),
      (error) => callback(fail(served, call, error)),
    )
  }
}

function bidiHandler(served: Served): handleBidiStreamingCall<Buffer, Buffer> {
  return (grpcCall) => {
    const call = startCall(served, grpcCall)
    const source = requestStream(served, grpcCall)
    runStream(served, call, grpcCall, { ...source, send: streamSender(served, call, grpcCall) })
  }
}

function runStream(served: Served, call: Call, grpcCall: Answers, exchange: Exchange): void {
  runCall(served.dispatcher, served.method, call, exchange).then(
    () => grpcCall.end(),
    (error) => grpcCall.emit('error', fail(served, call, error)),
  )
}

/** The parts of the library's call objects that are used here. */
interface Incoming {
  readonly metadata: Metadata
  getPeer(): string
  getDeadline(): Date | number
  on(event: 'cancelled', listener: () => void): unknown
  sendMetadata(metadata: Metadata): void
}

interface Answers {
  write(bytes: Buffer): boolean
  once(event: 'drain' | 'close', listener: () => void): unknown
  off(event: 'drain' | 'close', listener: () => void): unknown
  end(): void
  emit(event: 'error', error: Partial<ServerErrorResponse>): boolean
}

interface Requests {
  on(event: 'data', listener: (bytes: Buffer) => void): unknown
  on(event: 'end' | 'cancelled', listener: () => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  pause(): unknown
  resume(): unknown
}

function startCall(served: Served, grpcCall: Incoming): Call {
  const { metadata } = grpcCall
  const deadline = grpcCall.getDeadline()
  const call = new Call({
    method: served.method.open,
    protocol: 'grpc',
    clock: served.dispatcher.clock,
    timeoutMs: timeoutOf(served.method, deadline),
    peer: grpcCall.getPeer(),
    header: (name) => metadata.get(name)[0]?.toString(),
  })
  grpcCall.on('cancelled', () => {
    call.abort(new VectronError('CANCELLED', 'The caller ended the request.'))
  })
  if (call.header('x-request-id') === call.requestId) {
    call.responseHeaders.set('x-request-id', call.requestId)
  }
  return call
}

function timeoutOf(method: BoundMethod, deadline: Date | number): number {
  if (deadline !== Infinity) return Math.max(0, Number(deadline) - Date.now())
  return method.handler.kind === 'unary' ? LIMITS.requestTimeoutMsDefault : Infinity
}

function singleRequest(served: Served, bytes: Buffer): Pick<Exchange, 'request' | 'requests'> {
  return {
    request: () => decode(served, bytes),
    requests: () => new AsyncQueue(0),
  }
}

/** Requests decoded and not yet taken by the handler: the library stops reading beyond. */
const REQUESTS_QUEUED_MAX = 2

function requestStream(served: Served, grpcCall: Requests): Pick<Exchange, 'request' | 'requests'> {
  const queue = new AsyncQueue<ReturnType<typeof decode>>(REQUESTS_QUEUED_MAX)
  grpcCall.on('data', (bytes) => {
    try {
      const full = queue.push(decode(served, bytes))
      if (full === undefined) return
      grpcCall.pause()
      full.then(() => grpcCall.resume())
    } catch (error) {
      queue.fail(error)
    }
  })
  grpcCall.on('end', () => queue.end())
  grpcCall.on('error', (error) => queue.fail(error))
  grpcCall.on('cancelled', () => {
    queue.fail(new VectronError('CANCELLED', 'The caller ended the request.'))
  })
  return {
    request: () => {
      throw new VectronError('INTERNAL', 'A stream has no single request.')
    },
    requests: () => queue,
  }
}

function decode(served: Served, bytes: Buffer) {
  const { messageBytesMax } = served.host
  if (bytes.length > messageBytesMax) {
    const message = `The message has ${bytes.length} bytes; the limit is ${messageBytesMax}.`
    throw new VectronError('BODY_TOO_LARGE', message)
  }
  return decodeRequest(served.method.input, bytes)
}

function streamSender(served: Served, call: Call, grpcCall: Answers & Incoming): Exchange['send'] {
  let first = true
  return (message) => {
    if (first) sendHeaders(call, grpcCall)
    first = false
    if (grpcCall.write(encodeMessage(served.method.output, message))) return undefined
    return new Promise((resolve) => {
      const done = () => {
        grpcCall.off('drain', done)
        grpcCall.off('close', done)
        resolve()
      }
      grpcCall.once('drain', done)
      grpcCall.once('close', done)
    })
  }
}

function sendHeaders(call: Call, grpcCall: Incoming): void {
  if (!call.hasResponseHeaders) return
  const metadata = new Metadata()
  for (const [name, value] of call.responseHeaders) metadata.set(name, value)
  grpcCall.sendMetadata(metadata)
}

/** The error as the library sends it; logged when it is the server's fault. */
function fail(served: Served, call: Call, error: unknown): Partial<ServerErrorResponse> {
  if (isServerFault(error)) {
    const { requestId, method } = call
    served.host.logger.error({ requestId, method: methodPath(method), err: error }, 'call failed')
  }
  const report = reportError(error, call.requestId)
  const metadata = new Metadata()
  metadata.set('grpc-status-details-bin', Buffer.from(encodeStatus(report)))
  if (report.retryAfterMs !== undefined) {
    metadata.set('retry-after-ms', String(Math.ceil(report.retryAfterMs)))
  }
  return { code: report.grpcCode, details: report.message, metadata }
}
