/**
 * Answers of searches, kept for those who ask the same again.
 *
 * An answer is kept with the positions of the shards' logs that it is of: how far each shard had
 * applied its log, at least, when it answered. Whether it may stand for a read is decided by these
 * alone:
 *
 *   eventual   not older than `maxAgeMs`, nor than what this gateway has acknowledged
 *   session    not older than the token's positions, nor than what this gateway has acknowledged
 *   strong     not older than positions that a ReadIndex tells after the read began
 *
 * Invariant: no read is answered from here by an older state than it could have been given by the
 * shards themselves under its consistency; but an eventual one states its age.
 */

import type { Clock, Metrics } from '@vectron/base'
import type { ShardPositions } from '@vectron/routing'
import { LRUCache } from 'lru-cache'

/** An answer that is kept. */
export interface KeptAnswer<T> {
  readonly answer: T
  /** Of every shard that was needed. */
  readonly positions: ShardPositions
  /** Milliseconds since the shards answered. */
  readonly ageMs: number
  /** Another gateway had it from the shards. */
  readonly shared: boolean
}

export interface ResultCacheOptions {
  /** 0: keeps nothing. */
  readonly bytesMax: number
  readonly clock: Clock
  readonly metrics: Metrics
}

/** Milliseconds that an answer is kept, whoever may still use it. */
export const KEPT_MS = 60_000
/** An answer may have this share of all bytes; a larger one would push out too many others. */
const ANSWER_SHARE_MAX = 1 / 16

interface Entry<T> {
  readonly answer: T
  readonly positions: ShardPositions
  readonly fromUs: number
  readonly shared: boolean
}

export class ResultCache<T> {
  readonly #options: ResultCacheOptions
  readonly #entries: LRUCache<string, Entry<T>> | undefined

  constructor(options: ResultCacheOptions) {
    const { bytesMax, clock, metrics } = options
    this.#options = options
    if (bytesMax > 0) {
      this.#entries = new LRUCache<string, Entry<T>>({
        maxSize: bytesMax,
        maxEntrySize: Math.max(1, Math.floor(bytesMax * ANSWER_SHARE_MAX)),
        ttl: KEPT_MS,
        perf: { now: () => clock.monotonicUs() / 1000 },
        ttlResolution: 0,
      })
    }
    const bytes = metrics.gauge({
      name: 'result_cache_bytes',
      help: 'Memory of the answers that the gateway keeps.',
      collect: (): void => bytes.set(this.#entries?.calculatedSize ?? 0),
    })
    const entries = metrics.gauge({
      name: 'result_cache_entries',
      help: 'Answers that the gateway keeps.',
      collect: (): void => entries.set(this.#entries?.size ?? 0),
    })
  }

  get enabled(): boolean {
    return this.#entries !== undefined
  }

  get(key: string): KeptAnswer<T> | undefined {
    const entry = this.#entries?.get(key)
    if (entry === undefined) return undefined
    const ageMs = (this.#options.clock.monotonicUs() - entry.fromUs) / 1000
    return { answer: entry.answer, positions: entry.positions, ageMs, shared: entry.shared }
  }

  /** Keeps an answer, unless a newer one of the same search is kept already. */
  put(key: string, kept: KeptAnswer<T>, bytes: number): void {
    const known = this.#entries?.peek(key)
    const isOlder = known !== undefined && !isSince(kept.positions, known.positions)
    if (isOlder) return
    const { answer, positions, ageMs, shared } = kept
    const fromUs = this.#options.clock.monotonicUs() - ageMs * 1000
    const size = key.length + Math.max(1, bytes)
    this.#entries?.set(key, { answer, positions, fromUs, shared }, { size, ttl: KEPT_MS - ageMs })
  }
}

/** Whether an answer of `positions` has seen all that is before `wanted`. */
export function isSince(positions: ShardPositions, wanted: ShardPositions): boolean {
  for (const [shard, index] of wanted) {
    const own = positions.get(shard)
    // A shard that the search does not need decides nothing.
    if (own !== undefined && own < index) return false
  }
  return true
}
