/**
 * Assertions: what must not happen.
 *
 * A failed assertion is a bug of ours and stops what it is in. What may happen (bad input, a full
 * disk, a lost leader) is a VectronError instead.
 */

/** A broken invariant. Nobody catches it to go on. */
export class AssertionFailure extends Error {
  override readonly name = 'AssertionFailure'
}

/** Throws AssertionFailure unless the condition holds. */
export function assert(condition: boolean, invariant: string): asserts condition {
  if (!condition) throw new AssertionFailure(invariant)
}

/** The value, which by the invariant is there. */
export function assertDefined<T>(value: T | null | undefined, invariant: string): T {
  if (value === undefined || value === null) throw new AssertionFailure(invariant)
  return value
}

/** Closes an exhaustive switch: does not compile while a case is missing. */
export function unreachable(value: never): never {
  throw new AssertionFailure(`unreachable: ${JSON.stringify(value)}`)
}
