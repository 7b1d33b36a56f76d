/**
 * When a failed call is sent again, and how long to wait before: exponential backoff with full
 * jitter, never sooner than the server's Retry-After, never past the call's deadline.
 *
 * Only calls that are safe twice are sent again: reads, and writes that leave the same state when
 * done twice (upsert, delete, payload update). The caller of this says which those are.
 */
import type { VectronApiError } from './api-error.ts'

export interface RetryPolicy {
  /** Times that a call is sent again after the first. Default 3; 0 turns retries off. */
  readonly retriesMax: number
  /** Milliseconds; the wait before retry n is random below baseMs times 2 to the n. Default 100. */
  readonly baseMs: number
  /** Milliseconds; no wait of the SDK's own choosing is longer. Default 5,000. */
  readonly capMs: number
}

export const RETRY_DEFAULTS: RetryPolicy = { retriesMax: 3, baseMs: 100, capMs: 5000 }

/** Reasons and statuses after which the same call may succeed. */
const RETRYABLE_REASONS = new Set(['UNREACHABLE'])
const RETRYABLE_STATUSES = new Set([429, 502, 503, 504])

export interface FailedAttempt {
  readonly error: VectronApiError
  /** Attempts made so far, the failed one included. */
  readonly attempts: number
  /** Milliseconds left until the call's deadline. */
  readonly leftMs: number
  /** Whether the call is safe to send twice. */
  readonly idempotent: boolean
}

/**
 * Milliseconds to wait before the next attempt; undefined when the error is final.
 *
 * @param random uniform in [0, 1)
 */
export function retryDelayMs(
  policy: RetryPolicy,
  failed: FailedAttempt,
  random: () => number,
): number | undefined {
  const { error, attempts, leftMs, idempotent } = failed
  if (!idempotent || attempts > policy.retriesMax) return undefined
  const retryable = RETRYABLE_REASONS.has(error.reason) || RETRYABLE_STATUSES.has(error.status ?? 0)
  if (!retryable) return undefined
  const backoffMs = random() * Math.min(policy.capMs, policy.baseMs * 2 ** (attempts - 1))
  const delayMs = Math.max(backoffMs, error.retryAfterMs ?? 0)
  return delayMs < leftMs ? delayMs : undefined
}
