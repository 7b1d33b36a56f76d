/**
 * One gRPC call on the client: sends requests, gives answers, and the error when there is one.
 *
 * Invariant: `onEnd` is called once, when the stream is closed.
 */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  constants,
  type IncomingHttpHeaders,
} from 'node:http2'
import { VectronError } from '@vectron/base'
import { AsyncQueue } from '../async-queue.ts'
import { ConnectionFailure } from '../connection-failure.ts'
import { FrameReader, frameMessage } from './frames.ts'
import { formatTimeout, GRPC_CONTENT_TYPE, readTrailers } from './grpc-headers.ts'

export interface ClientCallOptions {
  /** `/package.Service/Method`. */
  readonly path: string
  /** For messages about the connection. */
  readonly address: string
  /** Milliseconds; Infinity for none. */
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
  readonly headers: Readonly<Record<string, string>>
}

export interface ClientCallEvents {
  /** The time allowed is over, and there is no answer. */
  readonly onLate: () => void
  readonly onEnd: () => void
}

/** Answers received and not yet taken: the server is slowed down beyond. */
const ANSWERS_QUEUED_MAX = 8

export class ClientCall {
  readonly #session: ClientHttp2Session
  readonly #stream: ClientHttp2Stream
  readonly #address: string
  readonly #frames = new FrameReader(Infinity)
  readonly #queue = new AsyncQueue<Buffer>(ANSWERS_QUEUED_MAX)
  /** Why the call ended before the server's status. */
  #stopped: VectronError | undefined
  #status: IncomingHttpHeaders | undefined
  #broken: Error | undefined

  constructor(session: ClientHttp2Session, options: ClientCallOptions, events: ClientCallEvents) {
    const { path, timeoutMs, headers, signal } = options
    this.#address = options.address
    this.#session = session
    this.#stream = session.request({
      ...headers,
      ':method': 'POST',
      ':path': path,
      'content-type': GRPC_CONTENT_TYPE,
      te: 'trailers',
      ...(timeoutMs === Infinity ? {} : { 'grpc-timeout': formatTimeout(timeoutMs) }),
    })
    const stopWatching = this.#watch(timeoutMs, signal, events.onLate)
    this.#stream.on('response', (head) => this.#takeHead(head))
    this.#stream.on('trailers', (trailers) => {
      this.#status = trailers
    })
    this.#stream.on('error', (error) => {
      this.#broken = error
    })
    this.#stream.once('close', () => {
      stopWatching()
      events.onEnd()
    })
  }

  /** Sends the one request. */
  sendOnly(message: Buffer): void {
    this.#stream.end(frameMessage(message))
  }

  /** Sends requests as they come, at the pace of the server. */
  sendAll<T>(requests: AsyncIterable<T>, encode: (request: T) => Buffer): void {
    const run = async () => {
      for await (const request of requests) {
        if (this.#stream.destroyed || this.#stream.writableEnded) return
        if (!this.#stream.write(frameMessage(encode(request)))) await this.#drained()
      }
      this.#stream.end()
    }
    run().catch((cause) => {
      const message = cause instanceof Error ? cause.message : String(cause)
      const failed = new VectronError('CANCELLED', `The requests failed: ${message}`, { cause })
      this.#stop(cause instanceof VectronError ? cause : failed)
    })
  }

  /** The answer of a call that has one. */
  onlyAnswer(): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      let answer: Buffer | undefined
      const settle = () => {
        const error = this.#outcome()
        if (error !== undefined) reject(error)
        else if (answer !== undefined) resolve(answer)
        else reject(new VectronError('INTERNAL', 'The server sent no answer.'))
      }
      this.#stream.on('data', (part: Buffer) => {
        for (const { bytes } of this.#frames.push(part)) answer = bytes
      })
      // With answer and status there, waiting for the stream to close would only cost time.
      this.#stream.on('trailers', () => {
        if (answer !== undefined) settle()
      })
      this.#stream.once('close', settle)
    })
  }

  /** The answers of a stream, in order. */
  async *answers(): AsyncGenerator<Buffer> {
    this.#stream.on('data', (part: Buffer) => {
      for (const { bytes } of this.#frames.push(part)) {
        const full = this.#queue.push(bytes)
        if (full === undefined) continue
        this.#stream.pause()
        full.then(() => this.#stream.resume())
      }
    })
    this.#stream.once('close', () => {
      const error = this.#outcome()
      if (error === undefined) this.#queue.end()
      else this.#queue.fail(error)
    })
    try {
      yield* this.#queue
    } finally {
      this.#stop(new VectronError('CANCELLED', 'The caller ended the request.'))
    }
  }

  /** Ends the call when its time is over or its signal aborts; the answer undoes the watching. */
  #watch(timeoutMs: number, signal: AbortSignal | undefined, onLate: () => void): () => void {
    const late = () => {
      this.#stop(new VectronError('DEADLINE_EXCEEDED', 'The time allowed ran out.'))
      onLate()
    }
    const timer = timeoutMs === Infinity ? undefined : setTimeout(late, timeoutMs)
    const leave = () => {
      this.#stop(new VectronError('CANCELLED', 'The caller ended the request.'))
    }
    if (signal?.aborted) leave()
    else signal?.addEventListener('abort', leave, { once: true })
    return () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', leave)
    }
  }

  #takeHead(head: IncomingHttpHeaders): void {
    if (head['grpc-status'] !== undefined) {
      // A call that failed at once has its status among the headers. What is on its way ends by
      // itself, without a reset that the server might take for an attack.
      this.#status = head
      if (!this.#stream.writableEnded) this.#stream.close(constants.NGHTTP2_CANCEL)
    } else if (Number(head[':status']) !== 200) {
      const message = `${this.#address} answered HTTP ${head[':status']}: it speaks no gRPC.`
      this.#stop(new VectronError('UNAVAILABLE', message))
    }
  }

  #stop(reason: VectronError): void {
    if (this.#stream.destroyed || this.#stream.closed) return
    this.#stopped ??= reason
    this.#stream.close(constants.NGHTTP2_CANCEL)
  }

  /** The error that the call ended with. */
  #outcome(): VectronError | undefined {
    if (this.#status !== undefined) return readTrailers(this.#status)
    if (this.#stopped !== undefined) return this.#stopped
    const broken = this.#broken
    const source = broken?.cause instanceof Error ? broken.cause : broken
    const why = source?.message ?? 'the connection was closed'
    const wasConnected = !this.#session.connecting
    const cause = new ConnectionFailure(why, { wasConnected, cause: source })
    return new VectronError('UNAVAILABLE', `${this.#address} cannot be reached: ${why}.`, { cause })
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
