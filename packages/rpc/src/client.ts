/**
 * The typed client of a service: the same shape over gRPC and in one process.
 */
import type { DescMethod, DescService, MessageInitShape, MessageShape } from '@bufbuild/protobuf'

/** What one call may say beside its request. */
export interface CallOptions {
  /** Milliseconds; the default of the client otherwise. */
  readonly timeoutMs?: number
  /** Ends the call when it aborts. */
  readonly signal?: AbortSignal
  /** Request headers (gRPC: metadata), names in lower case. */
  readonly headers?: Readonly<Record<string, string>>
}

/** Calls one method, by its kind. Failures reject with a VectronError. */
export type ClientMethod<M extends DescMethod> = M['methodKind'] extends 'unary'
  ? (
      request: MessageInitShape<M['input']>,
      options?: CallOptions,
    ) => Promise<MessageShape<M['output']>>
  : M['methodKind'] extends 'server_streaming'
    ? (
        request: MessageInitShape<M['input']>,
        options?: CallOptions,
      ) => AsyncIterable<MessageShape<M['output']>>
    : M['methodKind'] extends 'client_streaming'
      ? (
          requests: AsyncIterable<MessageInitShape<M['input']>>,
          options?: CallOptions,
        ) => Promise<MessageShape<M['output']>>
      : (
          requests: AsyncIterable<MessageInitShape<M['input']>>,
          options?: CallOptions,
        ) => AsyncIterable<MessageShape<M['output']>>

/** All methods of a service, by their names in lowerCamelCase. */
export type Client<S extends DescService> = {
  readonly [K in keyof S['method']]: ClientMethod<S['method'][K]>
}
