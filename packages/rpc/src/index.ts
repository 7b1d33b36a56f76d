/**
 * Remote calls: services with their handlers, served over gRPC, HTTP/JSON and in one process, with
 * the same interceptors, deadlines and errors everywhere. DESIGN.md says how.
 */

export { countOutcomes, recordCalls } from './access-log.ts'
export type { CallContext, Principal, Protocol } from './call.ts'
export type { CallOptions, Client, ClientMethod } from './client.ts'
export { ConnectionFailure, hasReachedNobody, isConnectionFailure } from './connection-failure.ts'
export type { Interceptor } from './dispatch.ts'
export { GrpcChannel, type GrpcChannelOptions } from './grpc/grpc-channel.ts'
export {
  type GrpcServerOptions,
  type RunningGrpcServer,
  startGrpcServer,
} from './grpc/grpc-server.ts'
export type { GrpcTls, HostTls } from './grpc/grpc-tls.ts'
export { GrpcHealth } from './grpc/health.ts'
export { BodyBudget } from './guard/body-budget.ts'
export { type GateOf, gateService, LoadGate } from './guard/load-gate.ts'
export { type GuardLimits, ServerGuard } from './guard/server-guard.ts'
export type { TurnAway } from './guard/turn-away.ts'
export { TurnLine } from './guard/turn-line.ts'
export { healthRoutes } from './http/health-routes.ts'
export {
  type HttpServerOptions,
  type PageRequest,
  type PlainAnswer,
  type PlainRequest,
  type PlainRoute,
  type RunningHttpServer,
  startHttpServer,
} from './http/http-server.ts'
export { createInProcessClient, type InProcessOptions } from './in-process.ts'
export { type FieldValue, fieldValues } from './json/field-values.ts'
export { formatMessage, parseMessage } from './json/message-text.ts'
export { type FieldSelection, FieldSelector } from './json/select-fields.ts'
export {
  type OpenApiDocument,
  type OpenApiOptions,
  type Operation,
  openApiDocument,
  openApiRoute,
} from './openapi/document.ts'
export {
  type BoundMethod,
  type BoundService,
  bindService,
  bindShadowedService,
  type Handler,
  methodPath,
  type ServiceHandlers,
} from './service.ts'
export { type TraceCallsOptions, traceCalls, traceClient } from './trace-calls.ts'
