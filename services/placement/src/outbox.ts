/**
 * Outbox: commands that wait for the next heartbeat of the worker that they are for. A newer one
 * for the same shard replaces an older one; one that is lost on its way is put in again by whoever
 * sees that nothing came of it.
 */

import type { placement } from '@vectron/contracts'

export class Outbox {
  readonly #waiting = new Map<bigint, Map<bigint, placement.ShardCommand>>()

  put(workerId: bigint, command: placement.ShardCommand): void {
    const waiting = this.#waiting.get(workerId) ?? new Map<bigint, placement.ShardCommand>()
    this.#waiting.set(workerId, waiting.set(command.shardId, command))
  }

  has(workerId: bigint): boolean {
    return this.#waiting.has(workerId)
  }

  /** Hands out what waits for a worker, once. */
  take(workerId: bigint): placement.ShardCommand[] {
    const waiting = this.#waiting.get(workerId)
    this.#waiting.delete(workerId)
    return [...(waiting?.values() ?? [])]
  }
}
