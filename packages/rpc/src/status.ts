/**
 * An error as callers see it: the facts that both wire forms are made from.
 *
 * Owns what a caller may learn. Invariant: what was not thrown as a VectronError shows nothing of
 * itself but the request id. Leaves the encodings to problem.ts (HTTP) and grpc-status.ts (gRPC).
 */
import {
  didYouMean,
  type ErrorReason,
  GRPC_CODES,
  isVectronError,
  REASONS,
  type Retry,
  reasonRow,
} from '@vectron/base'

export interface ErrorReport {
  readonly reason: ErrorReason
  /** The same for every error of this reason. */
  readonly title: string
  /** What is wrong, in one sentence. */
  readonly message: string
  /** What the caller does next. */
  readonly action: string
  readonly httpStatus: number
  readonly grpcCode: number
  readonly retry: Retry
  /** Empty for a call that was turned away before it had one. */
  readonly requestId: string
  /** Path of the field that is wrong. */
  readonly field: string | undefined
  readonly retryAfterMs: number | undefined
  /** Further facts, by name. */
  readonly metadata: Readonly<Record<string, string>>
}

/** Anything thrown, as the caller of request `requestId` sees it. */
export function reportError(error: unknown, requestId: string): ErrorReport {
  if (!isVectronError(error)) return reportUnexpected(requestId)
  const { subject, metadata } = error
  return {
    ...rowOf(error.reason),
    reason: error.reason,
    message: cut(error.message, MESSAGE_CHARS_MAX),
    requestId,
    field: error.field === undefined ? undefined : cut(error.field, NAME_CHARS_MAX),
    retryAfterMs: error.retryAfterMs,
    metadata:
      subject === undefined
        ? { ...metadata }
        : { subject: cut(subject, NAME_CHARS_MAX), ...metadata },
  }
}

/**
 * Errors quote what the caller wrote, and gRPC carries them in trailers, which many clients take up
 * to 8 KiB of, three times over: as text, in the status and with the field.
 */
const MESSAGE_CHARS_MAX = 800
const NAME_CHARS_MAX = 200

function cut(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text
  return `${text.slice(0, charsMax).toWellFormed()}…`
}

/** Whether the server's log must tell about this error: the caller is told little or nothing. */
export function isServerFault(error: unknown): boolean {
  return !isVectronError(error) || error.row.http === 500
}

/**
 * Where the advice on a reason is served: the `type` of RFC 9457 and the link of
 * google.rpc.Help.
 */
export function reasonPath(reason: ErrorReason): string {
  return `/errors/${reason}`
}

/** Text that explains a reason, for GET /errors/{reason}; undefined for no such reason. */
export function explainReason(name: string): string | undefined {
  if (!Object.hasOwn(REASONS, name)) return undefined
  const row = reasonRow(name as ErrorReason)
  return [
    `${name}: ${row.title}.`,
    '',
    row.action,
    '',
    `HTTP ${row.http}, gRPC ${row.grpc}, retry: ${row.retry}`,
    '',
  ].join('\n')
}

/** The hint for a reason that does not exist. */
export function suggestReason(name: string): string {
  return `There is no reason "${name}".${didYouMean(name, Object.keys(REASONS))}`
}

function reportUnexpected(requestId: string): ErrorReport {
  return {
    ...rowOf('INTERNAL'),
    reason: 'INTERNAL',
    message: `Something unexpected went wrong; the server's log tells more under ${requestId}.`,
    requestId,
    field: undefined,
    retryAfterMs: undefined,
    metadata: {},
  }
}

function rowOf(reason: ErrorReason) {
  const { title, action, http, grpc, retry } = reasonRow(reason)
  return { title, action, httpStatus: http, grpcCode: GRPC_CODES[grpc], retry }
}
