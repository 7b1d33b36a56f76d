/** The gRPC server of a process: where it listens, and when it says that it serves. */
import { LIMITS, type NodeRole } from '@vectron/base'
import {
  BodyBudget,
  type BoundService,
  type Interceptor,
  recordCalls,
  ServerGuard,
  startGrpcServer,
  traceCalls,
} from '@vectron/rpc'
import { advertised, type Endpoint } from './address.ts'
import { listening } from './listen.ts'
import type { Surroundings } from './surroundings.ts'
import { type Trust, trustedCallers } from './trust.ts'

export interface GrpcEndpointOptions {
  readonly endpoint: Endpoint
  readonly services: readonly BoundService[]
  readonly trust: Trust
  /** Who may call: processes of these kinds. */
  readonly callers: readonly NodeRole[]
}

export interface GrpcEndpoint {
  /** `host:port` that others are told. */
  readonly address: string
  /**
   * Everything behind it is open: health says so, and closing begins here, so that calls under way
   * are answered before what they need is closed.
   */
  serve(): void
}

/** Listens; calls may come at once. */
export async function openGrpcEndpoint(
  { endpoint, services, trust, callers }: GrpcEndpointOptions,
  around: Surroundings,
): Promise<GrpcEndpoint> {
  const { logger, metrics, closers } = around
  const { host, port } = endpoint
  const bodies = new BodyBudget(LIMITS.internalBodiesInFlightBytesMax)
  const server = await listening({ setting: 'grpc.port', host, port }, () =>
    startGrpcServer({
      host,
      port,
      services,
      logger,
      interceptors: [...recording(around), trustedCallers(trust, callers)],
      ...(trust.kind === 'certificates' && { tls: trust.tls.grpc }),
      messageBytesMax: LIMITS.internalMessageBytesMax,
      resets: LIMITS.internalResets,
      guard: new ServerGuard({ door: 'grpc', metrics, bodies }),
    }),
  )
  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= server.close()
    return closing
  }
  closers.add(close)
  return {
    address: advertised(endpoint, server.port),
    serve: () => {
      server.health.set('serving')
      closers.add(close)
    },
  }
}

/** What happened, how long it took, and of which trace it was. */
function recording({ metrics, logger, clock, tracer }: Surroundings): Interceptor[] {
  // Placement keeps answers back until there is news.
  const record = recordCalls({ metrics, logger, clock, logsSlow: false })
  return tracer === undefined ? [record] : [traceCalls({ tracer, begins: false }), record]
}
