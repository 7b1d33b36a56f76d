/**
 * Tracing of calls: a span around every call that is answered, one around every call that is made,
 * and the trace context between the two, so that one trace leads through all processes.
 */

import type { DescService } from '@bufbuild/protobuf'
import type { Tracer } from '@vectron/base'
import type { CallContext } from './call.ts'
import type { CallOptions, Client } from './client.ts'
import type { Interceptor } from './dispatch.ts'

export interface TraceCallsOptions {
  readonly tracer: Tracer
  /**
   * Calls that bring no trace begin one: so it is where clients come in. Between the processes of a
   * cluster most calls are nobody's request: heartbeats, routing.
   */
  readonly begins: boolean
}

export function traceCalls({ tracer, begins }: TraceCallsOptions): Interceptor {
  return async (call, next) => {
    if (!begins && call.traceparent === undefined) return next()
    const span = { name: call.method.localName, attributes: attributesOf(call) }
    return tracer.serve(span, call.header, async (served) => {
      try {
        await next()
      } finally {
        const { audited, principal } = call
        if (audited !== '') served.set({ 'vectron.collection': audited })
        if (principal !== undefined) served.set({ 'vectron.project': principal.projectId })
      }
    })
  }
}

function attributesOf({ method, protocol, requestId }: CallContext) {
  return {
    'rpc.system': protocol,
    'rpc.service': method.parent.typeName,
    'rpc.method': method.name,
    'vectron.request_id': requestId,
  }
}

type AnyCall = (request: unknown, options?: CallOptions) => unknown
type UnaryCall = (request: unknown, options?: CallOptions) => Promise<unknown>

/** The same client; its unary calls are spans of the trace in which they are made. */
export function traceClient<S extends DescService>(
  desc: S,
  client: Client<S>,
  { tracer, peer }: { readonly tracer: Tracer; readonly peer: string },
): Client<S> {
  const methods = client as Readonly<Record<string, AnyCall>>
  const traced = desc.methods.map(({ localName, methodKind, parent, name }) => {
    const call = methods[localName]
    if (call === undefined || methodKind !== 'unary') return [localName, call]
    const attributes = {
      'rpc.service': parent.typeName,
      'rpc.method': name,
      'server.address': peer,
    }
    const tracedCall: UnaryCall = (request, options) =>
      tracer.call({ name: localName, attributes }, () =>
        (call as UnaryCall)(request, {
          ...options,
          headers: { ...options?.headers, ...tracer.headers() },
        }),
      )
    return [localName, tracedCall]
  })
  return Object.fromEntries(traced)
}
