/**
 * Pauses between tries: doubled with each, and at random between half of that and all, so that
 * those who failed together do not come back together.
 */
import type { Random } from './random.ts'

export interface Backoff {
  /** Milliseconds before the first repetition. */
  readonly firstMs: number
  /** The longest pause. */
  readonly maxMs: number
}

/** Milliseconds before a repetition; `repetition` counts from 0. */
export function backoffMs({ firstMs, maxMs }: Backoff, repetition: number, random: Random): number {
  const wholeMs = Math.min(maxMs, firstMs * 2 ** repetition)
  return wholeMs * (0.5 + random.nextFloat() / 2)
}
