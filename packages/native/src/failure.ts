/**
 * Errors of the addon as VectronErrors: the counterpart of failure.rs.
 *
 * What Rust throws has the reason as its code; the first line of its text is the subject, which may
 * be empty, and the rest is the message.
 */
import { isErrorReason, VectronError } from '@vectron/base'

/** Any value that a native call threw, as a VectronError. */
export function fromThrown(thrown: unknown): VectronError {
  if (thrown instanceof VectronError) return thrown
  const { code, message } = thrown as { readonly code?: unknown; readonly message?: unknown }
  const text = String(message ?? thrown)
  const end = text.indexOf('\n')
  if (typeof code !== 'string' || !isErrorReason(code) || end < 0) {
    return new VectronError('INTERNAL', `The addon failed: ${text}`, { cause: thrown })
  }
  return fromParts(code, text.slice(end + 1), text.slice(0, end))
}

/** A failure that arrived in its three parts. */
export function fromParts(reason: string, message: string, subject?: string): VectronError {
  const known = isErrorReason(reason) ? reason : 'INTERNAL'
  return new VectronError(known, message, { subject: subject === '' ? undefined : subject })
}

/** The outcome of a native call; what it throws becomes a VectronError. */
export function throwTranslated<T>(call: () => T): T {
  try {
    return call()
  } catch (thrown) {
    throw fromThrown(thrown)
  }
}
