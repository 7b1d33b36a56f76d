/**
 * Errors over gRPC: an encoded google.rpc.Status for the `grpc-status-details-bin` trailer, and
 * back.
 *
 * The same details as the HTTP body has. A client gets back the VectronError that the server threw,
 * without its cause.
 */
import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  toBinary,
} from '@bufbuild/protobuf'
import { type Any, anyPack, anyUnpack } from '@bufbuild/protobuf/wkt'
import { type ErrorReason, GRPC_CODES, isErrorReason, VectronError } from '@vectron/base'
import { google } from '@vectron/contracts'
import { type ErrorReport, reasonPath } from '../status.ts'

/** An encoded google.rpc.Status. */
export function encodeStatus(report: ErrorReport): Uint8Array {
  const status = { code: report.grpcCode, message: report.message, details: statusDetails(report) }
  return toBinary(google.StatusSchema, create(google.StatusSchema, status))
}

function statusDetails(report: ErrorReport): Any[] {
  const { reason, metadata, field, message, retryAfterMs, requestId, action } = report
  const info = { reason, domain: 'vectron', metadata: { ...metadata } }
  const details = [pack(google.ErrorInfoSchema, info)]
  if (field !== undefined) {
    const fieldViolations = [{ field, description: message, reason }]
    details.push(pack(google.BadRequestSchema, { fieldViolations }))
  }
  if (retryAfterMs !== undefined) {
    const retryDelay = {
      seconds: BigInt(Math.floor(retryAfterMs / 1000)),
      nanos: Math.round((retryAfterMs % 1000) * 1e6),
    }
    details.push(pack(google.RetryInfoSchema, { retryDelay }))
  }
  if (requestId !== '') details.push(pack(google.RequestInfoSchema, { requestId }))
  const links = [{ description: action, url: reasonPath(reason) }]
  details.push(pack(google.HelpSchema, { links }))
  return details
}

function pack<D extends DescMessage>(schema: D, init: MessageInitShape<D>): Any {
  return anyPack(schema, create(schema, init))
}

/** What a gRPC client knows about a failed call. */
export interface FailedCall {
  readonly code: number
  readonly message: string
  /** The trailer `grpc-status-details-bin`, when there was one. */
  readonly details: Uint8Array | undefined
}

/** The VectronError that a failed call stands for. */
export function decodeStatus(failed: FailedCall): VectronError {
  const status = failed.details === undefined ? undefined : decodeDetails(failed.details)
  if (status === undefined) return new VectronError(reasonOfCode(failed.code), failed.message)
  let reason: ErrorReason = reasonOfCode(failed.code)
  let metadata: Record<string, string> = {}
  let field: string | undefined
  let retryAfterMs: number | undefined
  for (const any of status.details) {
    const info = anyUnpack(any, google.ErrorInfoSchema)
    if (info !== undefined && isErrorReason(info.reason)) reason = info.reason
    if (info !== undefined) metadata = info.metadata
    field ??= anyUnpack(any, google.BadRequestSchema)?.fieldViolations[0]?.field
    const delay = anyUnpack(any, google.RetryInfoSchema)?.retryDelay
    if (delay !== undefined) retryAfterMs = Number(delay.seconds) * 1000 + delay.nanos / 1e6
  }
  const { subject, ...rest } = metadata
  return new VectronError(reason, status.message, { field, subject, retryAfterMs, metadata: rest })
}

function decodeDetails(bytes: Uint8Array): google.Status | undefined {
  try {
    return fromBinary(google.StatusSchema, bytes)
  } catch {
    // A proxy may cut or rewrite trailers; the code and the message still stand.
    return undefined
  }
}

/** The reason for a bare code: from a proxy, or from the gRPC library itself. */
function reasonOfCode(code: number): ErrorReason {
  switch (code) {
    case GRPC_CODES.CANCELLED:
      return 'CANCELLED'
    case GRPC_CODES.INVALID_ARGUMENT:
    case GRPC_CODES.OUT_OF_RANGE:
    case GRPC_CODES.FAILED_PRECONDITION:
      return 'INVALID_ARGUMENT'
    case GRPC_CODES.DEADLINE_EXCEEDED:
      return 'DEADLINE_EXCEEDED'
    case GRPC_CODES.PERMISSION_DENIED:
      return 'FORBIDDEN'
    case GRPC_CODES.RESOURCE_EXHAUSTED:
      return 'OVERLOADED'
    case GRPC_CODES.UNIMPLEMENTED:
      return 'UNIMPLEMENTED'
    case GRPC_CODES.UNAVAILABLE:
      return 'UNAVAILABLE'
    case GRPC_CODES.UNAUTHENTICATED:
      return 'WRONG_KEY'
    case GRPC_CODES.DATA_LOSS:
      return 'DATA_CORRUPT'
    default:
      return 'INTERNAL'
  }
}
