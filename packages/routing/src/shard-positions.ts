/** How far shards' logs have been written, or applied. */

import type { LogIndex, ShardId } from '@vectron/base'

export type ShardPositions = ReadonlyMap<ShardId, LogIndex>

/** Moves a shard's position on; one that is farther already stays. */
export function advancePosition(
  positions: Map<ShardId, LogIndex>,
  shard: ShardId,
  index: LogIndex,
): void {
  const known = positions.get(shard)
  if (known === undefined || known < index) positions.set(shard, index)
}

/** Of each shard the latest position. */
export function latestOf(all: readonly ShardPositions[]): Map<ShardId, LogIndex> {
  const latest = new Map<ShardId, LogIndex>()
  for (const positions of all) {
    for (const [shard, index] of positions) advancePosition(latest, shard, index)
  }
  return latest
}
