/**
 * A client over handlers of the same process: messages are handed over as they are, not encoded.
 *
 * Behaves as a remote service does in everything else: deadlines, cancellation, interceptors, and
 * errors as VectronErrors. A message that was handed over belongs to the receiver.
 */
import {
  create,
  type DescMessage,
  type DescService,
  type MessageInitShape,
  type MessageShape,
} from '@bufbuild/protobuf'
import {
  assert,
  assertDefined,
  type Clock,
  LIMITS,
  systemClock,
  toVectronError,
  unreachable,
  VectronError,
} from '@vectron/base'
import { AsyncQueue } from './async-queue.ts'
import { Call } from './call.ts'
import type { CallOptions, Client } from './client.ts'
import { type Dispatcher, type Exchange, type Interceptor, runCall } from './dispatch.ts'
import type { BoundMethod, BoundService } from './service.ts'

type AnyMessage = MessageShape<DescMessage>
type AnyInit = MessageInitShape<DescMessage>

export interface InProcessOptions {
  readonly interceptors?: readonly Interceptor[]
  readonly clock?: Clock
}

/**
 * A client of `desc` (public or shadow, whichever is bound) that calls the handlers of
 * `service`.
 */
export function createInProcessClient<S extends DescService>(
  desc: S,
  service: BoundService,
  options: InProcessOptions = {},
): Client<S> {
  const dispatcher: Dispatcher = {
    interceptors: options.interceptors ?? [],
    clock: options.clock ?? systemClock,
  }
  const methods: Record<string, unknown> = {}
  for (const method of service.methods) {
    const { localName } = method.open
    assert(desc.method[localName]?.input === method.input, `${desc.typeName} is what is bound`)
    methods[localName] = clientMethod(dispatcher, method)
  }
  return methods as Client<S>
}

function clientMethod(dispatcher: Dispatcher, method: BoundMethod): unknown {
  switch (method.handler.kind) {
    case 'unary':
      return (request: AnyInit, options?: CallOptions) =>
        callForOne(dispatcher, method, oneRequest(method, request), options)
    case 'client_streaming':
      return (requests: AsyncIterable<AnyInit>, options?: CallOptions) =>
        callForOne(dispatcher, method, manyRequests(method, requests), options)
    case 'server_streaming':
      return (request: AnyInit, options?: CallOptions) =>
        callForMany(dispatcher, method, oneRequest(method, request), options)
    case 'bidi_streaming':
      return (requests: AsyncIterable<AnyInit>, options?: CallOptions) =>
        callForMany(dispatcher, method, manyRequests(method, requests), options)
  }
}

/** Where the handler's requests come from. */
type Source = Pick<Exchange, 'request' | 'requests'>

function oneRequest(method: BoundMethod, request: AnyInit): Source {
  return {
    request: () => create(method.input, request),
    requests: () => unreachable(method.open.name as never),
  }
}

function manyRequests(method: BoundMethod, requests: AsyncIterable<AnyInit>): Source {
  async function* messages(): AsyncGenerator<AnyMessage> {
    for await (const request of requests) yield create(method.input, request)
  }
  return { request: () => unreachable(method.open.name as never), requests: messages }
}

async function callForOne(
  dispatcher: Dispatcher,
  method: BoundMethod,
  source: Source,
  options: CallOptions = {},
): Promise<AnyMessage> {
  let answer: AnyMessage | undefined
  const send = (message: AnyMessage) => {
    answer = message
    return undefined
  }
  const call = newCall(dispatcher, method, options)
  await runWithSignal(dispatcher, method, call, { ...source, send }, options.signal)
  return assertDefined(answer, 'a handler that returns has answered')
}

/** Answers that may wait unread before the handler is made to wait. */
const ANSWERS_QUEUED_MAX = 4

async function* callForMany(
  dispatcher: Dispatcher,
  method: BoundMethod,
  source: Source,
  options: CallOptions = {},
): AsyncGenerator<AnyMessage> {
  const queue = new AsyncQueue<AnyMessage>(ANSWERS_QUEUED_MAX)
  const send = (message: AnyMessage) => queue.push(message)
  const call = newCall(dispatcher, method, options)
  runWithSignal(dispatcher, method, call, { ...source, send }, options.signal).then(
    () => queue.end(),
    (error) => queue.fail(error),
  )
  try {
    yield* queue
  } finally {
    call.abort(callerEnded())
  }
}

function newCall(dispatcher: Dispatcher, method: BoundMethod, options: CallOptions): Call {
  const { headers, timeoutMs } = options
  const streams = method.handler.kind !== 'unary'
  return new Call({
    method: method.open,
    protocol: 'in-process',
    clock: dispatcher.clock,
    timeoutMs: timeoutMs ?? (streams ? Infinity : LIMITS.requestTimeoutMsDefault),
    peer: 'in-process',
    header: (name) => headers?.[name],
  })
}

async function runWithSignal(
  dispatcher: Dispatcher,
  method: BoundMethod,
  call: Call,
  exchange: Exchange,
  signal: AbortSignal | undefined,
): Promise<void> {
  const cancel = () => call.abort(callerEnded())
  if (signal?.aborted) cancel()
  signal?.addEventListener('abort', cancel, { once: true })
  try {
    await runCall(dispatcher, method, call, exchange)
  } catch (error) {
    throw toVectronError(error)
  } finally {
    signal?.removeEventListener('abort', cancel)
  }
}

function callerEnded(): VectronError {
  return new VectronError('CANCELLED', 'The caller ended the request.')
}
