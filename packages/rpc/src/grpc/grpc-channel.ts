/**
 * Typed gRPC clients over one HTTP/2 connection.
 *
 * The connection is made by the first call and again after it was lost. Failures reject with the
 * VectronError that the server threw. No retries here: each path has its own one place for them.
 */
import { type ClientHttp2Session, connect } from 'node:http2'
import type {
  DescMessage,
  DescMethod,
  DescService,
  MessageInitShape,
  MessageShape,
} from '@bufbuild/protobuf'
import { create } from '@bufbuild/protobuf'
import { assertDefined, LIMITS, type NodeRole } from '@vectron/base'
import type { CallOptions, Client } from '../client.ts'
import { methodPath } from '../service.ts'
import { decodeResponse, encodeMessage } from '../wire-codec.ts'
import { ClientCall, type ClientCallOptions } from './grpc-client-call.ts'
import { clientTls, type GrpcTls, type HostTls } from './grpc-tls.ts'
import { Silence } from './silence.ts'

type AnyMessage = MessageShape<DescMessage>
type AnyInit = MessageInitShape<DescMessage>

export interface GrpcChannelOptions {
  /** Sent with every call, names in lower case; for instance `authorization`. */
  readonly headers?: Readonly<Record<string, string>>
  /** Milliseconds for a unary call that says nothing else. Default: 30,000. */
  readonly timeoutMs?: number
  /** The server must show a certificate of the same authority. Default: no TLS. */
  readonly tls?: GrpcTls
  /** TLS with a server that is no node; asked for each connection. Default: none. */
  readonly hostTls?: (() => HostTls) | undefined
  /** With `tls`: what kind of node the server's certificate must be for. Default: any. */
  readonly serverRole?: NodeRole
  /**
   * Milliseconds without a byte after which the connection of a late call is given up for another.
   * Default: 2,000.
   */
  readonly silenceMsMax?: number
}

/** Bytes that a server may send ahead: a large page of a scroll. */
const WINDOW_BYTES = 4 * 1024 * 1024

/** Megabytes of requests that may wait to be sent: node's own 10 are less than one large upsert. */
const SESSION_MEMORY_MB = 1024

const SILENCE_MS_MAX = 2000

/** One connection to `host:port`, shared by the clients made from it. */
export class GrpcChannel {
  readonly #address: string
  readonly #options: GrpcChannelOptions
  #session: ClientHttp2Session | undefined
  /** Of the session. */
  #silence: Silence | undefined
  /** Calls under way; an idle connection does not keep the process alive. */
  #running = 0

  constructor(address: string, options: GrpcChannelOptions = {}) {
    this.#address = address
    this.#options = options
  }

  /** A client of one service. */
  client<S extends DescService>(desc: S): Client<S> {
    return this.shadowClient({ open: desc, shadow: desc })
  }

  /** A client of the public service `open` that takes and answers the messages of `shadow`. */
  shadowClient<S extends DescService>(services: {
    readonly open: DescService
    readonly shadow: S
  }): Client<S> {
    const methods: Record<string, unknown> = {}
    for (const open of services.open.methods) {
      const method = assertDefined(services.shadow.method[open.localName], 'a shadow is complete')
      methods[open.localName] = this.#clientMethod(methodPath(open), method)
    }
    return methods as Client<S>
  }

  /** Ends the connection; calls under way fail. */
  close(): void {
    this.#session?.destroy()
    this.#session = undefined
  }

  #clientMethod(path: string, method: DescMethod): unknown {
    const encode = (init: AnyInit) => encodeMessage(method.input, create(method.input, init))
    const decode = (bytes: Buffer) => decodeResponse(method.output, bytes)
    const start = (options: CallOptions | undefined, defaultTimeoutMs: number) =>
      this.#start(path, options ?? {}, defaultTimeoutMs)
    const unaryTimeoutMs = this.#options.timeoutMs ?? LIMITS.requestTimeoutMsDefault
    switch (method.methodKind) {
      case 'unary':
        return async (request: AnyInit, options?: CallOptions): Promise<AnyMessage> => {
          const call = start(options, unaryTimeoutMs)
          call.sendOnly(encode(request))
          return decode(await call.onlyAnswer())
        }
      case 'client_streaming':
        return async (requests: AsyncIterable<AnyInit>, options?: CallOptions) => {
          const call = start(options, Infinity)
          call.sendAll(requests, encode)
          return decode(await call.onlyAnswer())
        }
      case 'server_streaming':
        return async function* (request: AnyInit, options?: CallOptions) {
          const call = start(options, Infinity)
          call.sendOnly(encode(request))
          for await (const answer of call.answers()) yield decode(answer)
        }
      case 'bidi_streaming':
        return async function* (requests: AsyncIterable<AnyInit>, options?: CallOptions) {
          const call = start(options, Infinity)
          call.sendAll(requests, encode)
          for await (const answer of call.answers()) yield decode(answer)
        }
    }
  }

  #start(path: string, options: CallOptions, defaultTimeoutMs: number): ClientCall {
    const callOptions: ClientCallOptions = {
      path,
      address: this.#address,
      timeoutMs: options.timeoutMs ?? defaultTimeoutMs,
      signal: options.signal,
      headers: { ...this.#options.headers, ...options.headers },
    }
    const session = this.#connected()
    const silence = this.#silence
    silence?.begin({ alone: this.#running === 0 })
    if (this.#running++ === 0) session.ref()
    return new ClientCall(session, callOptions, {
      onLate: () => {
        const silenceMsMax = this.#options.silenceMsMax ?? SILENCE_MS_MAX
        if (silence !== undefined && silence.lastsMs() >= silenceMsMax) session.destroy()
      },
      onEnd: () => {
        if (--this.#running === 0 && !session.destroyed) session.unref()
      },
    })
  }

  /** The connection; a new one when there is none that takes calls. */
  #connected(): ClientHttp2Session {
    const open = this.#session
    if (open !== undefined && !open.closed && !open.destroyed) return open
    const { tls, hostTls, serverRole } = this.#options
    const secured = tls === undefined ? hostTls?.() : clientTls(tls, serverRole)
    const session = connect(`${secured === undefined ? 'http' : 'https'}://${this.#address}`, {
      ...secured,
      settings: { enablePush: false, initialWindowSize: WINDOW_BYTES },
      maxSessionMemory: SESSION_MEMORY_MB,
    })
    const forget = () => {
      if (this.#session === session) this.#session = undefined
    }
    // Calls on the session fail with it; there is nothing else to do.
    session.on('error', forget)
    session.on('goaway', forget)
    session.on('close', forget)
    // One that is closed while it connects still says that it has connected.
    session.once('connect', () => {
      if (!session.destroyed) session.setLocalWindowSize(WINDOW_BYTES)
    })
    this.#session = session
    this.#silence = new Silence(session)
    return session
  }
}
