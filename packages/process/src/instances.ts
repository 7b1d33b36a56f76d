/**
 * Instances: clients of a service that runs several times, any of which may answer.
 *
 * The simple version asks the first and goes on to the next when it fails. That would send a call
 * twice which may have been carried out already; so only what the method's `idempotency_level`
 * allows is repeated, and other calls go on only when nobody was reached. All clients share which
 * instance answered last: what one learned of a dead instance spares the others the wait.
 */
import type { DescMethod, DescService } from '@bufbuild/protobuf'
import { MethodOptions_IdempotencyLevel } from '@bufbuild/protobuf/wkt'
import { isVectronError, unreachable } from '@vectron/base'
import { type CallOptions, type Client, hasReachedNobody } from '@vectron/rpc'

/** Makes clients of one instance. */
export interface Instance {
  client<S extends DescService>(desc: S): Client<S>
}

/** Milliseconds for one of several instances to answer what may be asked again. */
const TRY_MS = 1000

type AnyUnary = (request: object, options?: CallOptions) => Promise<object>
type AnyStream = (request: object, options?: CallOptions) => AsyncIterable<object>

export class Instances {
  readonly #instances: readonly Instance[]
  /** Counts on with each instance that fails; the one at this number, by turns, is asked. */
  #turn = 0

  constructor(instances: readonly Instance[]) {
    this.#instances = instances
  }

  client<S extends DescService>(desc: S): Client<S> {
    const clients = this.#instances.map((instance) => instance.client(desc))
    const methods = desc.methods.map((method) => [method.localName, this.#method(method, clients)])
    return Object.fromEntries(methods)
  }

  #method(method: DescMethod, clients: readonly object[]): unknown {
    const each = clients.map((client) => Reflect.get(client, method.localName))
    switch (method.methodKind) {
      case 'unary':
        return (request: object, options?: CallOptions) =>
          this.#ask(method, each as AnyUnary[], { request, options })
      case 'server_streaming':
        return (request: object, options?: CallOptions) =>
          this.#listen(each as AnyStream[], { request, options })
      // Of these the authenticator has none.
      case 'client_streaming':
      case 'bidi_streaming':
        return () => unreachable(method.methodKind as never)
    }
  }

  async #ask(
    { idempotency }: DescMethod,
    each: readonly AnyUnary[],
    { request, options }: { readonly request: object; readonly options: CallOptions | undefined },
  ): Promise<object> {
    const mayRepeat = idempotency !== MethodOptions_IdempotencyLevel.IDEMPOTENCY_UNKNOWN
    for (let left = each.length; ; left--) {
      const turn = this.#turn
      const ask = each[turn % each.length] as AnyUnary
      const isLast = left === 1
      const timeoutMs = Math.min(options?.timeoutMs ?? Infinity, TRY_MS)
      try {
        return await ask(request, isLast || !mayRepeat ? options : { ...options, timeoutMs })
      } catch (error) {
        if (!hasFailed(error) || options?.signal?.aborted) throw error
        this.#passOver(turn)
        if (isLast || !(mayRepeat || hasReachedNobody(error))) throw error
      }
    }
  }

  /** One that ends, for whatever reason, is passed over: who listens again listens to another. */
  async *#listen(
    each: readonly AnyStream[],
    { request, options }: { readonly request: object; readonly options: CallOptions | undefined },
  ): AsyncIterable<object> {
    const turn = this.#turn
    try {
      yield* (each[turn % each.length] as AnyStream)(request, options)
    } finally {
      this.#passOver(turn)
    }
  }

  /** Once, however many calls failed at that instance. */
  #passOver(turn: number): void {
    if (this.#turn === turn) this.#turn += 1
  }
}

/** Whether the error is about the instance, and not its answer. */
function hasFailed(error: unknown): boolean {
  return isVectronError(error, 'UNAVAILABLE') || isVectronError(error, 'DEADLINE_EXCEEDED')
}
