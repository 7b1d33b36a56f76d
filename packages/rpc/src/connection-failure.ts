/**
 * Why a call never got its answer: the connection, not the server, ended it.
 *
 * Stands as the cause of the UNAVAILABLE that a remote client rejects with, and tells the one thing
 * that decides whether a call that must not run twice may be sent again: whether a connection was
 * there to carry the request. In one process there are no connections, and no such causes.
 */
import { isVectronError } from '@vectron/base'

export class ConnectionFailure extends Error {
  override readonly name = 'ConnectionFailure'
  /** There was a connection, so the request may have arrived. */
  readonly wasConnected: boolean

  constructor(message: string, options: { readonly wasConnected: boolean; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.wasConnected = options.wasConnected
  }
}

/** Whether an error tells that the request has certainly reached nobody. */
export function hasReachedNobody(error: unknown): boolean {
  const failure = failureOf(error)
  return failure !== undefined && !failure.wasConnected
}

/** Whether an error comes from the connection, and not from the server. */
export function isConnectionFailure(error: unknown): boolean {
  return failureOf(error) !== undefined
}

function failureOf(error: unknown): ConnectionFailure | undefined {
  const cause = isVectronError(error, 'UNAVAILABLE') ? error.cause : undefined
  return cause instanceof ConnectionFailure ? cause : undefined
}
