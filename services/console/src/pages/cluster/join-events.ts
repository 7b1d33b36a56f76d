/** Events as they come in with the views, each once: a stream that is opened anew tells all. */
import type { ClusterEvent } from '@vectron/client'

/** As many as placement keeps. */
const KEPT_MAX = 1000

/** Newest first. */
export function joinEvents(
  before: readonly ClusterEvent[],
  told: readonly ClusterEvent[],
): readonly ClusterEvent[] {
  const known = new Set(before.map(({ eventId }) => eventId))
  const fresh = told.filter(({ eventId }) => !known.has(eventId))
  if (fresh.length === 0) return before
  return [...fresh.toReversed(), ...before].slice(0, KEPT_MAX)
}
