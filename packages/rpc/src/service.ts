/**
 * Services as data: a public descriptor, its handlers, and what bytes the handlers want.
 *
 * A service may be served by a shadow: another descriptor with the same methods whose messages are
 * wire-compatible but keep hot fields as bytes (wire.v1). Callers see the public one only.
 */
import type {
  DescMessage,
  DescMethod,
  DescService,
  MessageInitShape,
  MessageShape,
} from '@bufbuild/protobuf'
import { assert } from '@vectron/base'
import type { CallContext } from './call.ts'

/** The handler of one method, by its kind. Answers may be plain objects of the message's shape. */
export type Handler<M extends DescMethod> = M['methodKind'] extends 'unary'
  ? (request: MessageShape<M['input']>, call: CallContext) => Promise<MessageInitShape<M['output']>>
  : M['methodKind'] extends 'server_streaming'
    ? (
        request: MessageShape<M['input']>,
        call: CallContext,
      ) => AsyncIterable<MessageInitShape<M['output']>>
    : M['methodKind'] extends 'client_streaming'
      ? (
          requests: AsyncIterable<MessageShape<M['input']>>,
          call: CallContext,
        ) => Promise<MessageInitShape<M['output']>>
      : (
          requests: AsyncIterable<MessageShape<M['input']>>,
          call: CallContext,
        ) => AsyncIterable<MessageInitShape<M['output']>>

/** A handler for every method of a service, by its name in lowerCamelCase. */
export type ServiceHandlers<S extends DescService> = {
  readonly [K in keyof S['method']]: Handler<S['method'][K]>
}

/** Wire messages, decoded. */
type AnyMessage = MessageShape<DescMessage>
type AnyInit = MessageInitShape<DescMessage>

/** A handler, its kind known at run time. */
export type BoundHandler =
  | { readonly kind: 'unary'; readonly handle: UnaryHandle }
  | { readonly kind: 'server_streaming'; readonly handle: ServerStreamHandle }
  | { readonly kind: 'client_streaming'; readonly handle: ClientStreamHandle }
  | { readonly kind: 'bidi_streaming'; readonly handle: BidiHandle }

export type UnaryHandle = (request: AnyMessage, call: CallContext) => Promise<AnyInit>
export type ServerStreamHandle = (request: AnyMessage, call: CallContext) => AsyncIterable<AnyInit>
export type ClientStreamHandle = (
  requests: AsyncIterable<AnyMessage>,
  call: CallContext,
) => Promise<AnyInit>
export type BidiHandle = (
  requests: AsyncIterable<AnyMessage>,
  call: CallContext,
) => AsyncIterable<AnyInit>

/** One method with its handler. */
export interface BoundMethod {
  /** The public method: its path, annotations and JSON form. */
  readonly open: DescMethod
  /** What the handler takes; wire-compatible with `open.input`. */
  readonly input: DescMessage
  /** What the handler answers; wire-compatible with `open.output`. */
  readonly output: DescMessage
  readonly handler: BoundHandler
}

/** A service with its handlers, ready to be served by any transport. */
export interface BoundService {
  readonly desc: DescService
  readonly methods: readonly BoundMethod[]
  /** Bytes of one request, where fewer than the server's own limit are enough. */
  readonly requestBytesMax?: number
}

/** Binds handlers to a service. */
export function bindService<S extends DescService>(
  desc: S,
  handlers: ServiceHandlers<S>,
  options: Pick<BoundService, 'requestBytesMax'> = {},
): BoundService {
  return { ...bindShadowedService({ open: desc, shadow: desc }, handlers), ...options }
}

/** Binds handlers that take and answer the messages of `shadow` to the public service `open`. */
export function bindShadowedService<S extends DescService>(
  services: { readonly open: DescService; readonly shadow: S },
  handlers: ServiceHandlers<S>,
): BoundService {
  const { open, shadow } = services
  const methods = open.methods.map((method): BoundMethod => {
    const served = shadow.method[method.localName]
    assert(served !== undefined, `${shadow.typeName} shadows ${method.name}`)
    assert(served.methodKind === method.methodKind, `${shadow.typeName} keeps the kind of methods`)
    const handle = handlers[method.localName as keyof S['method']]
    assert(typeof handle === 'function', `${open.typeName}.${method.name} has a handler`)
    const bound = handle.bind(handlers)
    const handler = { kind: method.methodKind, handle: bound } as unknown as BoundHandler
    return { open: method, input: served.input, output: served.output, handler }
  })
  return { desc: open, methods }
}

/** `/vectron.v1.Points/UpsertPoints`: the path of a method in gRPC. */
export function methodPath(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`
}
