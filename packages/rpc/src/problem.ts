/**
 * Errors over HTTP: one body that is an RFC 9457 problem and a google.rpc.Status at once.
 *
 * Readers of problems find `type`, `title`, `status`, `detail`; readers of Status find `code`,
 * `message`, `details`; everybody finds `reason` and `requestId` on the top level.
 */
import type { ErrorReport } from './status.ts'
import { reasonPath } from './status.ts'

export const PROBLEM_CONTENT_TYPE = 'application/problem+json'

/** The body of an error answer. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly instance?: string
  readonly code: number
  readonly message: string
  readonly reason: string
  readonly requestId: string
  readonly details: readonly ProblemDetail[]
}

/** A detail of google.rpc, in proto3 JSON with its type. */
export interface ProblemDetail {
  readonly '@type': string
  readonly [name: string]: unknown
}

/** The body for a report; `instance` is the path that was asked for. */
export function toProblem(report: ErrorReport, instance?: string): Problem {
  return {
    type: reasonPath(report.reason),
    title: report.title,
    status: report.httpStatus,
    detail: report.message,
    ...(instance === undefined ? {} : { instance }),
    code: report.grpcCode,
    message: report.message,
    reason: report.reason,
    requestId: report.requestId,
    details: problemDetails(report),
  }
}

function problemDetails(report: ErrorReport): ProblemDetail[] {
  const { reason, metadata, field, message, retryAfterMs, requestId, action } = report
  const details = [detail('ErrorInfo', { reason, domain: 'vectron', metadata })]
  if (field !== undefined) {
    const violation = { field, description: message, reason }
    details.push(detail('BadRequest', { fieldViolations: [violation] }))
  }
  if (retryAfterMs !== undefined) {
    details.push(detail('RetryInfo', { retryDelay: `${retryAfterMs / 1000}s` }))
  }
  details.push(detail('RequestInfo', { requestId }))
  details.push(detail('Help', { links: [{ description: action, url: reasonPath(reason) }] }))
  return details
}

function detail(name: string, fields: Record<string, unknown>): ProblemDetail {
  return { '@type': `type.googleapis.com/google.rpc.${name}`, ...fields }
}

/** Seconds for a Retry-After header: whole, at least 1. */
export function retryAfterSeconds(retryAfterMs: number): number {
  return Math.max(1, Math.ceil(retryAfterMs / 1000))
}
