/**
 * Answers that gateways share through a store.
 *
 * The store is a help, never a need: a search waits for it a moment at most, and for a while after
 * it failed not at all. What it holds is checked as what this gateway holds is: by positions, age,
 * and a key that names whom and what the answer is for.
 */

import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import {
  type Clock,
  deadlineAfter,
  logIndex,
  type Metrics,
  shardId,
  withDeadline,
} from '@vectron/base'
import { gateway, wire } from '@vectron/contracts'
import type { KeptAnswer } from './result-cache.ts'
import type { SearchAnswer } from './run-search.ts'

/** Keeps bytes for `KEPT_MS`, less their age. */
export interface ResultStore {
  /** Where it is, for people. */
  readonly name: string
  /** Rejects when it cannot be asked. */
  get(key: string): Promise<{ readonly bytes: Uint8Array; readonly ageMs: number } | undefined>
  put(key: string, bytes: Uint8Array, ageMs: number): Promise<void>
  close(): void
}

export interface SharedResultsOptions {
  readonly store: ResultStore
  readonly clock: Clock
  readonly metrics: Metrics
}

/** Milliseconds that a search waits for the store: what the shards need is seldom more. */
const STORE_MS = 20
/** Milliseconds that a store which failed is left alone. */
const AWAY_MS = 1000
/** Larger answers are not shared: they cost the store and the way to it more than they save. */
const ANSWER_BYTES_MAX = 256 * 1024

export class SharedResults {
  readonly #options: SharedResultsOptions
  #awayUntilUs = 0
  readonly #failures: { inc(): void }

  constructor(options: SharedResultsOptions) {
    this.#options = options
    this.#failures = options.metrics.counter({
      name: 'result_store_failures_total',
      help: 'Times that the shared store of answers did not answer in time, or wrongly.',
    })
  }

  async get(key: string): Promise<KeptAnswer<SearchAnswer> | undefined> {
    const found = await this.#ask((store) => store.get(key))
    if (found === undefined) return undefined
    const kept = fromBinary(gateway.KeptSearchSchema, found.bytes)
    if (kept.answer === undefined) return undefined
    const positions = new Map(
      kept.positions.map((position) => [shardId(position.shardId), logIndex(position.logIndex)]),
    )
    return { answer: kept.answer, positions, ageMs: found.ageMs, shared: true }
  }

  /** Nobody waits for it. */
  put(key: string, { answer, positions, ageMs }: KeptAnswer<SearchAnswer>): void {
    if (this.#isAway) return
    const kept = create(gateway.KeptSearchSchema, {
      answer: create(wire.SearchResponseSchema, answer),
      positions: [...positions].map(([shard, index]) => ({ shardId: shard, logIndex: index })),
    })
    const bytes = toBinary(gateway.KeptSearchSchema, kept)
    if (bytes.length > ANSWER_BYTES_MAX) return
    void this.#ask((store) => store.put(key, bytes, ageMs))
  }

  close(): void {
    this.#options.store.close()
  }

  get #isAway(): boolean {
    return this.#options.clock.monotonicUs() < this.#awayUntilUs
  }

  /** What the store answers; undefined while it is away. */
  async #ask<A>(ask: (store: ResultStore) => Promise<A>): Promise<A | undefined> {
    const { store, clock } = this.#options
    if (this.#isAway) return undefined
    try {
      const deadline = deadlineAfter(clock, STORE_MS)
      return await withDeadline(clock, deadline, 'the look into the store', ask(store))
    } catch {
      this.#failures.inc()
      this.#awayUntilUs = clock.monotonicUs() + AWAY_MS * 1000
      return undefined
    }
  }
}
