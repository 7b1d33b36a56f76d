/**
 * Runs one call: interceptors outside, the handler inside, the deadline over both.
 *
 * The same for every protocol, so that authentication, limits, logs and metrics are written once.
 * An interceptor wraps the whole call: code before `next()` may refuse it, and `next()` settles
 * when the last answer was handed to the transport.
 */
import type { MessageInitShape, MessageShape } from '@bufbuild/protobuf'
import { create, type DescMessage } from '@bufbuild/protobuf'
import { type Clock, VectronError } from '@vectron/base'
import type { Call, CallContext } from './call.ts'
import type { TurnAway } from './guard/turn-away.ts'
import type { BoundMethod } from './service.ts'

/** A function around a call; throws to refuse it. */
export type Interceptor = (call: CallContext, next: () => Promise<void>) => Promise<void>

export interface Dispatcher {
  readonly interceptors: readonly Interceptor[]
  /** Asked before them, and before there is a Call. Default: nobody is turned away. */
  readonly turnAway?: TurnAway | undefined
  readonly clock: Clock
}

type AnyMessage = MessageShape<DescMessage>

/** Where a transport takes requests from and sends answers to. */
export interface Exchange {
  /** The one request of a unary or server-streaming call; reads and decodes it, so it may fail. */
  request(): AnyMessage | Promise<AnyMessage>
  /** The requests of a client-streaming or bidirectional call. */
  requests(): AsyncIterable<AnyMessage>
  /** Sends one answer; a promise when the transport wants the handler to wait. */
  send(message: AnyMessage): Promise<void> | undefined
}

/** Settles when the last answer was sent; rejects with what went wrong. */
export function runCall(
  dispatcher: Dispatcher,
  method: BoundMethod,
  call: Call,
  exchange: Exchange,
): Promise<void> {
  const { interceptors, clock } = dispatcher
  const enter = (depth: number): Promise<void> => {
    const interceptor = interceptors[depth]
    if (interceptor !== undefined) return interceptor(call, () => enter(depth + 1))
    return untilAborted(clock, call, answer(method, call, exchange))
  }
  return enter(0)
}

async function answer(method: BoundMethod, call: Call, exchange: Exchange): Promise<void> {
  const { handler, output } = method
  switch (handler.kind) {
    case 'unary': {
      const request = exchange.request()
      // Awaiting what is there already costs a turn of the microtask queue in every search.
      const message = request instanceof Promise ? await request : request
      return sendOne(exchange, output, await handler.handle(message, call))
    }
    case 'client_streaming':
      return sendOne(exchange, output, await handler.handle(exchange.requests(), call))
    case 'server_streaming': {
      const answers = handler.handle(await exchange.request(), call)
      return sendAll(exchange, output, call, answers)
    }
    case 'bidi_streaming':
      return sendAll(exchange, output, call, handler.handle(exchange.requests(), call))
  }
}

function sendOne(
  exchange: Exchange,
  output: DescMessage,
  message: MessageInitShape<DescMessage>,
): Promise<void> | undefined {
  return exchange.send(create(output, message))
}

async function sendAll(
  exchange: Exchange,
  output: DescMessage,
  call: Call,
  messages: AsyncIterable<MessageInitShape<DescMessage>>,
): Promise<void> {
  for await (const message of messages) {
    if (call.aborted) return
    const sent = exchange.send(create(output, message))
    if (sent !== undefined) await sent
  }
}

/** The work's outcome, or the reason of the abort when the caller or the deadline ends it first. */
function untilAborted(clock: Clock, call: Call, work: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const remainingMs = call.deadline.remainingMs()
    const cancelTimer =
      remainingMs === Infinity
        ? undefined
        : clock.setTimer(remainingMs, () => {
            call.abort(new VectronError('DEADLINE_EXCEEDED', 'The time allowed ran out.'))
          })
    const settle = (outcome: () => void) => {
      cancelTimer?.()
      outcome()
    }
    call.onAbort((reason) => settle(() => reject(reason)))
    work.then(
      () => settle(resolve),
      (error) => settle(() => reject(error)),
    )
  })
}
