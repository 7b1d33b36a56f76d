/**
 * What a handler knows about the call that it answers, whatever protocol brought it.
 *
 * Owns the call's deadline and its abort signal: both end together, and the signal is only made
 * when somebody asks for it. Leaves to the transports: reading the headers, sending the answer.
 */
import { randomUUID } from 'node:crypto'
import type { DescMethod } from '@bufbuild/protobuf'
import { type Clock, type Deadline, deadlineAfter, LIMITS } from '@vectron/base'
import type { auth } from '@vectron/contracts'

export type Protocol = 'grpc' | 'http' | 'in-process'

/** Who calls, as an authenticating interceptor found out. */
export type Principal = auth.Principal

/** One call, as handlers and interceptors see it. */
export interface CallContext {
  /** The public method, also when a shadow of it is served. */
  readonly method: DescMethod
  readonly protocol: Protocol
  readonly deadline: Deadline
  /** Aborts when the caller leaves or the deadline passes. */
  readonly signal: AbortSignal
  /** Whether the signal has aborted; asking makes none. */
  readonly aborted: boolean
  /** The caller's `x-request-id`, or one made here. Stands in logs and errors. */
  readonly requestId: string
  /** W3C trace context, as the caller sent it. */
  readonly traceparent: string | undefined
  /** Address of the caller: `127.0.0.1:50412`, or `in-process`. */
  readonly peer: string
  /** Names in the caller's certificate, `DNS:node-worker`; empty where it showed none. */
  readonly peerNames: readonly string[]
  /** A request header (gRPC: metadata) by its lower-case name. */
  header(name: string): string | undefined
  /** Set by the authenticating interceptor. */
  principal: Principal | undefined
  /** What the call is about, for the audit log: a collection. Set by who authorizes it. */
  audited: string
  /** Sent before the answer. Names in lower case. */
  readonly responseHeaders: Map<string, string>
}

export interface IncomingCall {
  readonly method: DescMethod
  readonly protocol: Protocol
  readonly clock: Clock
  /** Milliseconds from now; Infinity for none. */
  readonly timeoutMs: number
  readonly peer: string
  /** Default: none. */
  readonly peerNames?: readonly string[]
  readonly header: (name: string) => string | undefined
}

/** A CallContext whose transport can end it. */
export class Call implements CallContext {
  readonly method: DescMethod
  readonly protocol: Protocol
  readonly deadline: Deadline
  readonly requestId: string
  /** Whether the caller sent the request id, and so wants it back. */
  readonly sentRequestId: boolean
  readonly peer: string
  readonly peerNames: readonly string[]
  readonly header: (name: string) => string | undefined
  principal: Principal | undefined = undefined
  audited = ''
  readonly #clock: Clock
  readonly #startUs: number
  #controller: AbortController | undefined
  #ended: { readonly reason: unknown } | undefined
  #onAbort: ((reason: unknown) => void) | undefined
  #responseHeaders: Map<string, string> | undefined

  constructor(incoming: IncomingCall) {
    this.method = incoming.method
    this.protocol = incoming.protocol
    this.deadline =
      incoming.timeoutMs === Infinity ? endless : deadlineAfter(incoming.clock, incoming.timeoutMs)
    this.#clock = incoming.clock
    this.#startUs = incoming.clock.monotonicUs()
    this.peer = incoming.peer
    this.peerNames = incoming.peerNames ?? []
    this.header = incoming.header
    const sentId = incoming.header('x-request-id')
    this.requestId = acceptRequestId(sentId)
    this.sentRequestId = sentId === this.requestId
  }

  /** For whom counts what this call takes: a project, or an address while none is known. */
  get caller(): string {
    return this.principal?.projectId || this.peer.slice(0, this.peer.lastIndexOf(':'))
  }

  get traceparent(): string | undefined {
    return this.header('traceparent')
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#ended !== undefined) this.#controller.abort(this.#ended.reason)
    }
    return this.#controller.signal
  }

  get responseHeaders(): Map<string, string> {
    this.#responseHeaders ??= new Map()
    return this.#responseHeaders
  }

  /** Whether anything set a response header; spares the transports an empty map. */
  get hasResponseHeaders(): boolean {
    return this.#responseHeaders !== undefined && this.#responseHeaders.size > 0
  }

  /** Ends the call's work: the signal aborts with `reason`. Later calls do nothing. */
  abort(reason: unknown): void {
    if (this.#ended !== undefined) return
    this.#ended = { reason }
    this.#onAbort?.(reason)
    this.#controller?.abort(reason)
  }

  /**
   * Calls `listener` when the call is aborted, at once when it was. One listener: the
   * dispatcher.
   */
  onAbort(listener: (reason: unknown) => void): void {
    this.#onAbort = listener
    if (this.#ended !== undefined) listener(this.#ended.reason)
  }

  /** Milliseconds since the call came in. */
  elapsedMs(): number {
    return (this.#clock.monotonicUs() - this.#startUs) / 1000
  }

  get aborted(): boolean {
    return this.#ended !== undefined
  }
}

const endless: Deadline = { remainingMs: () => Infinity, passed: false }

/** A caller's request id when it is short and printable, else a new one. */
export function acceptRequestId(sent: string | undefined): string {
  if (sent !== undefined && sent.length <= LIMITS.requestIdBytesMax && /^[!-~]+$/.test(sent)) {
    return sent
  }
  return randomUUID()
}
