/** One page of a scroll from the pages of all shards, in the order of ids. */

import type { engine } from '@vectron/contracts'

export interface ScrollPage {
  /** Each an encoded `vectron.v1.Point`. */
  readonly points: Uint8Array[]
  /** Where the next page begins; absent on the last page. */
  readonly lastId: string | undefined
}

/**
 * Each shard gave up to `limit` points behind the same id, so the first `limit` of all are known.
 */
export function mergeScrolls(results: readonly engine.ReadResult[], limit: number): ScrollPage {
  const merged = results.length === 1 ? (results[0]?.points ?? []) : sortById(results)
  const page = merged.slice(0, limit)
  const more = merged.length > page.length || results.some((result) => result.more)
  return {
    points: page.map(({ point }) => point),
    lastId: more ? page.at(-1)?.id : undefined,
  }
}

/** Ids are ordered by their UTF-8 bytes, which is not the order of UTF-16 strings. */
function sortById(results: readonly engine.ReadResult[]): engine.PointResult[] {
  return results
    .flatMap(({ points }) => points.map((point) => ({ point, key: Buffer.from(point.id) })))
    .sort((a, b) => Buffer.compare(a.key, b.key))
    .map(({ point }) => point)
}
