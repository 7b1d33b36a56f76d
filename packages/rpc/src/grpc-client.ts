/**
 * Typed gRPC clients over one channel of @grpc/grpc-js.
 *
 * Failures reject with the VectronError that the server threw. No retries here: each path has its own
 * one place for them.
 */

import {
  create,
  type DescMessage,
  type DescMethod,
  type DescService,
  type MessageInitShape,
  type MessageShape,
} from '@bufbuild/protobuf'
import {
  type ChannelOptions,
  credentials,
  Client as LibraryClient,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js'
import { assertDefined, LIMITS } from '@vectron/base'
import type { CallOptions, Client } from './client.ts'
import { decodeStatus } from './grpc-status.ts'
import { methodPath } from './service.ts'
import { decodeResponse, encodeMessage } from './wire-codec.ts'

type AnyMessage = MessageShape<DescMessage>
type AnyInit = MessageInitShape<DescMessage>

export interface GrpcChannelOptions {
  /** Sent with every call, names in lower case; for instance `authorization`. */
  readonly headers?: Readonly<Record<string, string>>
  /** Milliseconds for a unary call that says nothing else. Default: 30,000. */
  readonly timeoutMs?: number
}

const channelOptions: ChannelOptions = {
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  'grpc.enable_retries': 0,
  'grpc.service_config_disable_resolution': 1,
}

/** One connection to `host:port`, shared by the clients made from it. */
export class GrpcChannel {
  readonly #library: LibraryClient
  readonly #options: GrpcChannelOptions

  constructor(address: string, options: GrpcChannelOptions = {}) {
    this.#library = new LibraryClient(address, credentials.createInsecure(), channelOptions)
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
    this.#library.close()
  }

  #clientMethod(path: string, method: DescMethod): unknown {
    const codec: Codec = {
      path,
      encode: (init) => encodeMessage(method.input, create(method.input, init)),
      decode: (bytes) => decodeResponse(method.output, bytes),
    }
    switch (method.methodKind) {
      case 'unary':
        return (request: AnyInit, options?: CallOptions) => this.#unary(codec, request, options)
      case 'server_streaming':
        return (request: AnyInit, options?: CallOptions) =>
          this.#serverStream(codec, request, options)
      case 'client_streaming':
        return (requests: AsyncIterable<AnyInit>, options?: CallOptions) =>
          this.#clientStream(codec, requests, options)
      case 'bidi_streaming':
        return (requests: AsyncIterable<AnyInit>, options?: CallOptions) =>
          this.#bidiStream(codec, requests, options)
    }
  }

  #unary(codec: Codec, request: AnyInit, options: CallOptions = {}): Promise<AnyMessage> {
    return new Promise((resolve, reject) => {
      const call = this.#library.makeUnaryRequest(
        codec.path,
        codec.encode,
        codec.decode,
        request,
        this.#metadata(options),
        this.#limits(options, this.#options.timeoutMs ?? LIMITS.requestTimeoutMsDefault),
        (error, answer) => {
          if (error !== null) reject(toError(error))
          else resolve(answer as AnyMessage)
        },
      )
      cancelOnAbort(call, options.signal)
    })
  }

  async *#serverStream(
    codec: Codec,
    request: AnyInit,
    options: CallOptions = {},
  ): AsyncGenerator<AnyMessage> {
    const call = this.#library.makeServerStreamRequest(
      codec.path,
      codec.encode,
      codec.decode,
      request,
      this.#metadata(options),
      this.#limits(options),
    )
    yield* this.#answers(call, options)
  }

  #clientStream(
    codec: Codec,
    requests: AsyncIterable<AnyInit>,
    options: CallOptions = {},
  ): Promise<AnyMessage> {
    return new Promise((resolve, reject) => {
      const call = this.#library.makeClientStreamRequest(
        codec.path,
        codec.encode,
        codec.decode,
        this.#metadata(options),
        this.#limits(options),
        (error, answer) => {
          if (error !== null) reject(toError(error))
          else resolve(answer as AnyMessage)
        },
      )
      cancelOnAbort(call, options.signal)
      sendRequests(call, requests).catch((error) => {
        call.cancel()
        reject(error)
      })
    })
  }

  async *#bidiStream(
    codec: Codec,
    requests: AsyncIterable<AnyInit>,
    options: CallOptions = {},
  ): AsyncGenerator<AnyMessage> {
    const call = this.#library.makeBidiStreamRequest(
      codec.path,
      codec.encode,
      codec.decode,
      this.#metadata(options),
      this.#limits(options),
    )
    let sendError: unknown
    sendRequests(call, requests).catch((error) => {
      sendError = error
      call.cancel()
    })
    try {
      yield* this.#answers(call, options)
    } catch (error) {
      throw sendError ?? error
    }
  }

  async *#answers(call: AnswerStream, options: CallOptions): AsyncGenerator<AnyMessage> {
    cancelOnAbort(call, options.signal)
    try {
      for await (const answer of call) yield answer as AnyMessage
    } catch (error) {
      throw toError(error as ServiceError)
    } finally {
      call.cancel()
    }
  }

  #metadata(options: CallOptions): Metadata {
    const metadata = new Metadata()
    for (const [name, value] of Object.entries({ ...this.#options.headers, ...options.headers })) {
      metadata.set(name, value)
    }
    return metadata
  }

  #limits(options: CallOptions, timeoutMs = Infinity): { deadline: number } {
    return { deadline: Date.now() + (options.timeoutMs ?? timeoutMs) }
  }
}

interface Codec {
  readonly path: string
  readonly encode: (init: AnyInit) => Buffer
  readonly decode: (bytes: Buffer) => AnyMessage
}

interface Cancellable {
  cancel(): void
}

interface AnswerStream extends AsyncIterable<unknown>, Cancellable {}

interface RequestStream {
  write(request: AnyInit): boolean
  once(event: 'drain' | 'close', listener: () => void): unknown
  end(): void
}

async function sendRequests(call: RequestStream, requests: AsyncIterable<AnyInit>): Promise<void> {
  for await (const request of requests) {
    if (!call.write(request)) await new Promise<void>((resolve) => call.once('drain', resolve))
  }
  call.end()
}

function cancelOnAbort(call: Cancellable, signal: AbortSignal | undefined): void {
  if (signal === undefined) return
  if (signal.aborted) call.cancel()
  else signal.addEventListener('abort', () => call.cancel(), { once: true })
}

function toError(error: ServiceError): Error {
  if (typeof error.code !== 'number') return error
  const trailer = error.metadata?.get('grpc-status-details-bin')[0]
  const details = trailer instanceof Buffer ? trailer : undefined
  return decodeStatus({ code: error.code, message: error.details, details })
}
