/**
 * One gRPC call on the server: its HTTP/2 stream joined to a bound method.
 *
 * The request is read only when the interceptors have let the call in. Invariant: each stream ends
 * with exactly one grpc-status, unless the caller has left.
 */
import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import type { DescMessage, MessageShape } from '@bufbuild/protobuf'
import { isVectronError, LIMITS, type Logger, VectronError } from '@vectron/base'
import { AsyncQueue } from '../async-queue.ts'
import { Call } from '../call.ts'
import { type Dispatcher, runCall } from '../dispatch.ts'
import type { BodyHold } from '../guard/body-budget.ts'
import { BODY_PACE, collectParts, paced, STREAM_PACE } from '../guard/paced.ts'
import type { ServerGuard } from '../guard/server-guard.ts'
import { type BoundMethod, methodPath } from '../service.ts'
import { isServerFault, reportError } from '../status.ts'
import { decodeRequest, encodeMessage } from '../wire-codec.ts'
import { type Frame, FrameReader, frameMessage, inflateFrame } from './frames.ts'
import { errorTrailers, GRPC_CONTENT_TYPE, okTrailers, parseTimeout } from './grpc-headers.ts'
import { peerNamesOf } from './grpc-tls.ts'

type AnyMessage = MessageShape<DescMessage>

/** A method and what all methods of a server share. */
export interface ServedMethod {
  readonly method: BoundMethod
  readonly dispatcher: Dispatcher
  readonly logger: Logger
  readonly messageBytesMax: number
  readonly guard: ServerGuard
}

/** Requests decoded and not yet taken by the handler: reading stops beyond. */
const REQUESTS_QUEUED_MAX = 2

/** Milliseconds that a caller has to stop sending after the call was answered. */
const STOP_SENDING_MS = 1000

/** Answers the call on this stream. */
export function serveCall(
  served: ServedMethod,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
): void {
  const timeoutMs = timeoutOf(served, headers)
  const refusal = served.dispatcher.turnAway?.({
    method: served.method.open,
    protocol: 'grpc',
    remainingMs: timeoutMs,
  })
  if (refusal !== undefined) {
    turnAwayStream(stream, headers, refusal)
    return
  }
  const call = startCall(served, stream, { headers, timeoutMs })
  const encoding = headers['grpc-encoding'] as string | undefined
  const requests = new RequestReader(served, stream, { call, encoding })
  const answers = new AnswerWriter(served.method, stream, call)
  runCall(served.dispatcher, served.method, call, {
    request: () => requests.one(),
    requests: () => requests.all(),
    send: (message) => answers.send(message),
  })
    .then(
      () => answers.end(okTrailers),
      (error) => {
        if (isVectronError(error, 'REQUEST_TOO_SLOW')) served.guard.ended('slow-body')
        answers.end(describeFailure(served, call, error))
      },
    )
    .finally(() => requests.release())
}

/** Milliseconds that the caller waits. */
function timeoutOf({ method }: ServedMethod, headers: IncomingHttpHeaders): number {
  return (
    parseTimeout(headers['grpc-timeout'] as string | undefined) ??
    (method.handler.kind === 'unary' ? LIMITS.requestTimeoutMsDefault : Infinity)
  )
}

/** Of the errors that callers are turned away with: all that is sent but the request's id. */
const turnedAway = new WeakMap<VectronError, OutgoingHttpHeaders>()

function turnAwayStream(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  refusal: VectronError,
): void {
  let answer = turnedAway.get(refusal)
  if (answer === undefined) {
    const trailers = errorTrailers(reportError(refusal, ''))
    answer = { ':status': 200, 'content-type': GRPC_CONTENT_TYPE, ...trailers }
    turnedAway.set(refusal, answer)
  }
  const sentId = headers['x-request-id']
  const echoed = sentId === undefined ? answer : { ...answer, 'x-request-id': sentId }
  stream.respond(echoed, { endStream: true })
  stopReading(stream)
}

interface Incoming {
  readonly headers: IncomingHttpHeaders
  readonly timeoutMs: number
}

function startCall(
  served: ServedMethod,
  stream: ServerHttp2Stream,
  { headers, timeoutMs }: Incoming,
): Call {
  const socket = stream.session?.socket
  const call = new Call({
    method: served.method.open,
    protocol: 'grpc',
    clock: served.dispatcher.clock,
    timeoutMs,
    peer: `${socket?.remoteAddress ?? 'unknown'}:${socket?.remotePort ?? 0}`,
    peerNames: peerNamesOf(stream.session),
    header: (name) => {
      const value = headers[name]
      return Array.isArray(value) ? value[0] : value
    },
  })
  stream.once('close', () => {
    if (stream.writableFinished && !stream.aborted) return
    call.abort(new VectronError('CANCELLED', 'The caller ended the request.'))
  })
  return call
}

interface SentCall {
  readonly call: Call
  /** The header `grpc-encoding`. */
  readonly encoding: string | undefined
}

/** The requests of one call, decoded. */
class RequestReader {
  readonly #served: ServedMethod
  readonly #stream: ServerHttp2Stream
  readonly #sent: SentCall
  readonly #frames: FrameReader
  #hold: BodyHold | undefined

  constructor(served: ServedMethod, stream: ServerHttp2Stream, sent: SentCall) {
    this.#served = served
    this.#stream = stream
    this.#sent = sent
    this.#frames = new FrameReader(served.messageBytesMax)
  }

  /** The one request of a call that has one. */
  async one(): Promise<AnyMessage> {
    const frames: Frame[] = []
    const hold = this.#open()
    let bytes = 0
    const { clock } = this.#served.dispatcher
    const take = (part: Buffer) => {
      bytes += part.length
      hold.resize(bytes)
      frames.push(...this.#frames.push(part))
      if (frames.length > 1) throw notOne(frames)
    }
    await collectParts(this.#stream, { pace: BODY_PACE, clock, take })
    const [frame] = frames
    if (frame === undefined || this.#frames.cut) throw notOne(frames)
    return frame.compressed ? this.#inflate(frame, bytes) : this.#decode(frame.bytes)
  }

  /** The requests of a stream, in order; the caller is slowed down to the pace of the handler. */
  all(): AsyncIterable<AnyMessage> {
    const queue = new AsyncQueue<AnyMessage>(REQUESTS_QUEUED_MAX)
    const hold = this.#open()
    const take = async (part: Buffer) => {
      for (const frame of this.#frames.push(part)) {
        const full = queue.push(
          frame.compressed ? await this.#inflate(frame, 0) : this.#decode(frame.bytes),
        )
        if (full !== undefined) await full
      }
      hold.resize(this.#frames.bytes)
    }
    const run = async () => {
      for await (const part of this.#parts()) await take(part)
      if (this.#frames.cut) throw notOne([])
    }
    run().then(
      () => queue.end(),
      (error) => queue.fail(error),
    )
    return queue
  }

  /** The call is over: what it held is free. */
  release(): void {
    this.#hold?.release()
  }

  /** When the interceptors have let the call in, so that it is known for whom it counts. */
  #open(): BodyHold {
    this.#hold ??= this.#served.guard.bodies.hold(this.#sent.call.caller)
    return this.#hold
  }

  #parts(): AsyncIterable<Buffer> {
    const parts = this.#stream.iterator({ destroyOnReturn: false })
    return paced(parts, STREAM_PACE, this.#served.dispatcher.clock)
  }

  #decode(bytes: Buffer): AnyMessage {
    return decodeRequest(this.#served.method.input, bytes)
  }

  /** `heldBytes`: what the request holds beside what this message grows to. */
  async #inflate(frame: Frame, heldBytes: number): Promise<AnyMessage> {
    const bytes = await inflateFrame(frame, {
      encoding: this.#sent.encoding,
      bytesMax: this.#served.messageBytesMax,
      grown: (grown) => this.#open().resize(heldBytes + grown),
    })
    return this.#decode(bytes)
  }
}

function notOne(frames: readonly Frame[]): VectronError {
  const got = frames.length > 1 ? `${frames.length} messages` : 'a part of a message'
  return new VectronError('INVALID_PROTOBUF', `The call needs one whole message, not ${got}.`)
}

/** The answers of one call. */
class AnswerWriter {
  readonly #method: BoundMethod
  readonly #stream: ServerHttp2Stream
  readonly #call: Call
  #single: Buffer | undefined

  constructor(method: BoundMethod, stream: ServerHttp2Stream, call: Call) {
    this.#method = method
    this.#stream = stream
    this.#call = call
  }

  send(message: AnyMessage): Promise<void> | undefined {
    const frame = frameMessage(encodeMessage(this.#method.output, message))
    const { kind } = this.#method.handler
    if (kind === 'unary' || kind === 'client_streaming') {
      // Goes out with its headers and status at the end: an interceptor may still fail the call.
      this.#single = frame
      return undefined
    }
    if (this.#stream.destroyed) return undefined
    this.#begin()
    return this.#stream.write(frame) ? undefined : this.#drained()
  }

  /** Ends the call with these trailers. */
  end(trailers: OutgoingHttpHeaders): void {
    const stream = this.#stream
    if (stream.destroyed) return
    const ok = trailers === okTrailers
    if (!stream.headersSent && (!ok || this.#single === undefined)) {
      const headers = { ...this.#headers(), ...trailers }
      stream.respond(headers, { endStream: true })
    } else {
      this.#begin()
      stream.once('wantTrailers', () => stream.sendTrailers(trailers))
      if (ok && this.#single !== undefined) stream.end(this.#single)
      else stream.end()
    }
    stopReading(stream)
  }

  #begin(): void {
    if (this.#stream.headersSent) return
    this.#stream.respond(this.#headers(), { waitForTrailers: true })
  }

  #headers(): OutgoingHttpHeaders {
    const headers: OutgoingHttpHeaders = { ':status': 200, 'content-type': GRPC_CONTENT_TYPE }
    if (this.#call.sentRequestId) headers['x-request-id'] = this.#call.requestId
    if (this.#call.hasResponseHeaders) {
      for (const [name, value] of this.#call.responseHeaders) headers[name] = value
    }
    return headers
  }

  #drained(): Promise<void> {
    const stream = this.#stream
    return new Promise((resolve) => {
      const done = () => {
        stream.off('drain', done)
        stream.off('close', done)
        resolve()
      }
      stream.once('drain', done)
      stream.once('close', done)
    })
  }
}

/** Lets a caller who is still sending read the answer, then closes the stream on him. */
function stopReading(stream: ServerHttp2Stream): void {
  if (stream.readableEnded || stream.destroyed) return
  stream.resume()
  const timer = setTimeout(() => stream.close(), STOP_SENDING_MS)
  stream.once('close', () => clearTimeout(timer))
}

/** Trailers for an error; logged when it is the server's fault. */
function describeFailure(served: ServedMethod, call: Call, error: unknown): OutgoingHttpHeaders {
  if (isServerFault(error)) {
    const { requestId, method } = call
    served.logger.error({ requestId, method: methodPath(method), err: error }, 'call failed')
  }
  return errorTrailers(reportError(error, call.requestId))
}
