/** The lower and the higher of log indexes, which are bigint: Math has nothing for them. */
import type { LogIndex } from '@vectron/base'

export function lower(a: LogIndex, b: LogIndex): LogIndex {
  if (b < a) return b
  return a
}

export function higher(a: LogIndex, b: LogIndex): LogIndex {
  if (b > a) return b
  return a
}
