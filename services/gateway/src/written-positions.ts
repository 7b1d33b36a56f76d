/**
 * How far this gateway has written into each shard's log, so that what it answers from memory is
 * never older than what it has acknowledged.
 */

import type { LogIndex, ShardId } from '@vectron/base'

export class WrittenPositions {
  readonly #positions = new Map<ShardId, LogIndex>()

  /** Positions of a write that is about to be acknowledged. */
  note(positions: ReadonlyMap<ShardId, LogIndex>): void {
    for (const [shard, index] of positions) {
      const known = this.#positions.get(shard)
      if (known === undefined || known < index) this.#positions.set(shard, index)
    }
  }

  get positions(): ReadonlyMap<ShardId, LogIndex> {
    return this.#positions
  }

  /** Forgets shards that are no more. */
  keepOnly(shards: ReadonlySet<ShardId>): void {
    for (const shard of this.#positions.keys()) {
      if (!shards.has(shard)) this.#positions.delete(shard)
    }
  }
}
