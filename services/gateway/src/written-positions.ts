/**
 * How far this gateway has written into each shard's log, so that what it answers from memory is
 * never older than what it has acknowledged.
 */

import type { LogIndex, ShardId } from '@vectron/base'
import { advancePosition, type ShardPositions } from '@vectron/routing'

export class WrittenPositions {
  readonly #positions = new Map<ShardId, LogIndex>()

  /** Positions of a write that is about to be acknowledged. */
  note(positions: ShardPositions): void {
    for (const [shard, index] of positions) advancePosition(this.#positions, shard, index)
  }

  get positions(): ShardPositions {
    return this.#positions
  }
}
