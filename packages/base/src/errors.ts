/**
 * The one error class: whatever can go wrong and is handled carries a reason from the table.
 *
 * What must not happen is no VectronError but a failed assertion (assert.ts). Leaves the wire form
 * to packages/rpc.
 */
import { type ErrorReason, type ReasonRow, reasonRow } from './error-reasons.ts'

/** What an error tells beside its reason and message. */
export interface ErrorContext {
  /** Path of the request's field that is wrong, such as `points[3].vector`. */
  readonly field?: string | undefined
  /** What the message is about when it is no field: a collection, shard, file or limit. */
  readonly subject?: string | undefined
  /** Milliseconds after which a retry may help. */
  readonly retryAfterMs?: number | undefined
  /** Further facts for machines, such as the leader's address of NOT_LEADER. */
  readonly metadata?: Readonly<Record<string, string>> | undefined
  /** What was caught. */
  readonly cause?: unknown
}

/** A failure that the caller is meant to understand. */
export class VectronError extends Error {
  override readonly name = 'VectronError'
  readonly reason: ErrorReason
  readonly field: string | undefined
  readonly subject: string | undefined
  readonly retryAfterMs: number | undefined
  readonly metadata: Readonly<Record<string, string>> | undefined

  /** `message` says what is wrong and gives the values at fault, in one sentence. */
  constructor(reason: ErrorReason, message: string, context: ErrorContext = {}) {
    super(message, context.cause === undefined ? undefined : { cause: context.cause })
    this.reason = reason
    this.field = context.field
    this.subject = context.subject
    this.retryAfterMs = context.retryAfterMs
    this.metadata = context.metadata
  }

  /** Status codes, retry rule and advice of this error's reason. */
  get row(): ReasonRow {
    return reasonRow(this.reason)
  }
}

/** Whether an unknown value is a VectronError, of this reason when one is given. */
export function isVectronError(value: unknown, reason?: ErrorReason): value is VectronError {
  return value instanceof VectronError && (reason === undefined || value.reason === reason)
}

/** Any thrown value as a VectronError; what is not one already becomes INTERNAL. */
export function toVectronError(value: unknown): VectronError {
  if (value instanceof VectronError) return value
  const message = value instanceof Error ? value.message : String(value)
  return new VectronError('INTERNAL', message, { cause: value })
}
