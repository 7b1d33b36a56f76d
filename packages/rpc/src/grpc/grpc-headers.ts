/**
 * The headers and trailers of the gRPC protocol over HTTP/2: timeouts, statuses.
 */
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2'
import type { VectronError } from '@vectron/base'
import type { ErrorReport } from '../status.ts'
import { decodeStatus, encodeStatus } from './grpc-status.ts'

export const GRPC_CONTENT_TYPE = 'application/grpc'

/** Trailers of a call that went well. */
export const okTrailers: OutgoingHttpHeaders = { 'grpc-status': '0' }

const unitMs: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
}

/** Milliseconds of a `grpc-timeout` header; undefined when there is none, or it is malformed. */
export function parseTimeout(header: string | undefined): number | undefined {
  const match = /^([0-9]{1,8})([HMSmun])$/.exec(header ?? '')
  if (match === null) return undefined
  return Number(match[1]) * (unitMs[match[2] as string] as number)
}

/** A `grpc-timeout` header: at most eight digits, so milliseconds or seconds. */
export function formatTimeout(timeoutMs: number): string {
  const whole = Math.max(1, Math.ceil(timeoutMs))
  return whole < 1e8 ? `${whole}m` : `${Math.ceil(whole / 1000)}S`
}

/** Trailers of a failed call. */
export function errorTrailers(report: ErrorReport): OutgoingHttpHeaders {
  const trailers: OutgoingHttpHeaders = {
    'grpc-status': String(report.grpcCode),
    'grpc-message': percentEncode(report.message),
    'grpc-status-details-bin': Buffer.from(encodeStatus(report)).toString('base64'),
  }
  if (report.retryAfterMs !== undefined) {
    trailers['retry-after-ms'] = String(Math.ceil(report.retryAfterMs))
  }
  return trailers
}

/** What trailers say about a call: undefined when it went well. */
export function readTrailers(trailers: IncomingHttpHeaders): VectronError | undefined {
  const code = Number(trailers['grpc-status'])
  if (code === 0) return undefined
  const encoded = trailers['grpc-status-details-bin']
  return decodeStatus({
    code,
    message: percentDecode(String(trailers['grpc-message'] ?? '')),
    details: typeof encoded === 'string' ? Buffer.from(encoded, 'base64') : undefined,
  })
}

/** As the gRPC specification has it: printable ASCII but "%" stays, all else is escaped. */
function percentEncode(text: string): string {
  let encoded = ''
  for (const byte of Buffer.from(text)) {
    const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x25
    encoded += plain
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return encoded
}

function percentDecode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // Some servers escape nothing; their text is shown as it is.
    return text
  }
}
