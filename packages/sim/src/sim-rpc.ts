/**
 * Calls between simulated processes: encoded messages over the simulated network, answered by the
 * real handlers behind the real dispatcher.
 *
 * As over gRPC: a process that is down refuses at once, one that dies breaks the calls that it has,
 * one that cannot be reached is waited for until the caller's deadline. A caller that gives up
 * aborts the handler's signal.
 */
import {
  create,
  type DescMessage,
  type DescMethod,
  type DescService,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf'
import { LIMITS, toVectronError, VectronError } from '@vectron/base'
import {
  type BoundService,
  type CallOptions,
  type Client,
  ConnectionFailure,
  createInProcessClient,
  methodPath,
} from '@vectron/rpc'
import type { ProcessClock } from './process-clock.ts'
import type { Route, SimNetwork } from './sim-network.ts'

/** Reason of an abort that nobody reads; an AbortSignal makes a costly one itself. */
const OVER = 'the call is over'

type AnyMessage = MessageShape<DescMessage>
type AnyInit = MessageInitShape<DescMessage>
type UnaryCall = (request: AnyMessage, options: CallOptions) => Promise<AnyMessage>

/** A process that calls or answers. */
export interface Caller {
  readonly name: string
  readonly clock: ProcessClock
}

interface Server {
  readonly clock: ProcessClock
  readonly calls: ReadonlyMap<string, UnaryCall>
  /** Break the calls that are being answered. */
  readonly open: Set<() => void>
}

export class SimRpc {
  readonly #network: SimNetwork
  readonly #servers = new Map<string, Server>()

  constructor(network: SimNetwork) {
    this.#network = network
  }

  /** The process answers calls to its name from now on. */
  listen({ name, clock }: Caller, services: readonly BoundService[]): void {
    const calls = new Map<string, UnaryCall>()
    for (const service of services) {
      const client = createInProcessClient(service.desc, service, { clock }) as object
      for (const method of service.desc.methods) {
        const call = (client as Record<string, UnaryCall>)[method.localName]
        if (call !== undefined) calls.set(methodPath(method), call)
      }
    }
    this.#servers.set(name, { clock, calls, open: new Set() })
  }

  /** The process died: its calls break, later ones are refused. */
  hangUp(name: string): void {
    const server = this.#servers.get(name)
    this.#servers.delete(name)
    for (const breakCall of [...(server?.open ?? [])]) breakCall()
  }

  /** A client of the process `to`, whatever life it is in. */
  connect<S extends DescService>(desc: S, caller: Caller, to: string): Client<S> {
    const methods: Record<string, unknown> = {}
    for (const method of desc.methods) {
      methods[method.localName] = (request: AnyInit, options: CallOptions = {}) =>
        this.#call(caller, to, method, request, options)
    }
    return methods as Client<S>
  }

  #call(
    caller: Caller,
    to: string,
    method: DescMethod,
    request: AnyInit,
    { timeoutMs = LIMITS.requestTimeoutMsDefault, signal }: CallOptions,
  ): Promise<AnyMessage> {
    const sent = toBinary(method.input, create(method.input, request))
    const there: Route = { from: caller.name, to }
    const back: Route = { from: to, to: caller.name }
    const endUs = caller.clock.monotonicUs() + timeoutMs * 1000
    const ended = new AbortController()
    return new Promise((resolve, reject) => {
      const isOver = () => ended.signal.aborted || !caller.clock.isAlive
      const settle = (outcome: () => void) => {
        if (isOver()) return
        cancelTimer()
        ended.abort(OVER)
        outcome()
      }
      const fail = (error: VectronError) => settle(() => reject(error))
      const answer = (outcome: () => void) =>
        this.#network.sendSegment(back, () => caller.clock.enter(() => settle(outcome)), isOver)
      const cancelTimer = caller.clock.setTimer(timeoutMs, () =>
        fail(new VectronError('DEADLINE_EXCEEDED', 'The time allowed ran out.')),
      )
      const cancel = () => fail(new VectronError('CANCELLED', 'The caller ended the request.'))
      if (signal?.aborted) return cancel()
      signal?.addEventListener('abort', cancel, { once: true })
      const deliver = () => {
        const remainingMs = Math.max(0, (endUs - caller.clock.monotonicUs()) / 1000)
        this.#serve(to, method, sent, { timeoutMs: remainingMs, signal: ended.signal }).then(
          (bytes) => answer(() => resolve(fromBinary(method.output, bytes))),
          (error) => answer(() => reject(toVectronError(error))),
        )
      }
      this.#network.sendSegment(there, deliver, isOver)
    })
  }

  #serve(to: string, method: DescMethod, sent: Uint8Array, options: CallOptions) {
    const server = this.#servers.get(to)
    return new Promise<Uint8Array>((resolve, reject) => {
      if (server === undefined) return reject(unreachable(to, { wasConnected: false }))
      const call = server.calls.get(methodPath(method))
      if (call === undefined) return reject(new VectronError('INTERNAL', `no ${method.name}`))
      const breakCall = () => reject(unreachable(to, { wasConnected: true }))
      server.open.add(breakCall)
      const close = () => server.open.delete(breakCall)
      server.clock.enter(() => {
        call(fromBinary(method.input, sent), options)
          .then((message) => resolve(toBinary(method.output, message)), reject)
          .finally(close)
      })
    })
  }
}

function unreachable(name: string, options: { readonly wasConnected: boolean }): VectronError {
  const message = `${name} cannot be reached.`
  return new VectronError('UNAVAILABLE', message, {
    cause: new ConnectionFailure(message, options),
  })
}
