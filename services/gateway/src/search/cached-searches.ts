/**
 * Answers searches from the cache where that may be, and lets equal ones that come at the same time
 * share one trip to the shards.
 *
 * What an answer must have seen is asked for only when there is an answer to compare: of a strong
 * read that is a ReadIndex of every shard, which costs less than the search that it may save.
 */

import { type Clock, type Deadline, withDeadline } from '@vectron/base'
import { isSince, type KeptAnswer, type Positions, type ResultCache } from './result-cache.ts'

/** A search that may be answered from the cache. */
export interface CachedRead {
  readonly key: string
  /** Answers that are older are of no use; absent: positions alone decide. */
  readonly ageMsMax: number | undefined
  /** What the answer must have seen. */
  readonly wanted: () => Promise<Positions>
  readonly deadline: Deadline
}

/** What the shards answered. */
export interface FreshAnswer<T> {
  readonly answer: T
  readonly positions: Positions
  /** Memory that it takes. */
  readonly bytes: number
  /** Others may be given it: it is whole. */
  readonly lasting: boolean
}

export type Answered<T> =
  | { readonly kind: 'kept'; readonly kept: KeptAnswer<T> }
  | { readonly kind: 'fresh'; readonly fresh: FreshAnswer<T> }

export class CachedSearches<T> {
  readonly #cache: ResultCache<T>
  readonly #clock: Clock
  /** Searches under way, by key. */
  readonly #flights = new Map<string, Promise<KeptAnswer<T> | undefined>>()

  constructor(cache: ResultCache<T>, clock: Clock) {
    this.#cache = cache
    this.#clock = clock
  }

  get enabled(): boolean {
    return this.#cache.enabled
  }

  /** A kept answer, that of an equal search under way, or else what `ask` gets from the shards. */
  async answer(read: CachedRead, ask: () => Promise<FreshAnswer<T>>): Promise<Answered<T>> {
    const { key } = read
    const kept = this.#cache.get(key) ?? (await this.#ofFlight(read))
    if (kept !== undefined && (await serves(kept, read))) return { kind: 'kept', kept }
    const askedUs = this.#clock.monotonicUs()
    const asked = ask()
    const flight = asked.then(
      (fresh) => this.keep(key, fresh, askedUs),
      () => undefined,
    )
    // Of two that go for the same, the later one has the newer answer.
    this.#flights.set(key, flight)
    try {
      return { kind: 'fresh', fresh: await asked }
    } finally {
      if (this.#flights.get(key) === flight) this.#flights.delete(key)
    }
  }

  /** A kept answer that may stand for the read. */
  async find(read: CachedRead): Promise<KeptAnswer<T> | undefined> {
    const kept = this.#cache.get(read.key)
    return kept !== undefined && (await serves(kept, read)) ? kept : undefined
  }

  /** Keeps what the shards answered. @param askedUs monotonic microseconds */
  keep(key: string, fresh: FreshAnswer<T>, askedUs: number): KeptAnswer<T> | undefined {
    if (!fresh.lasting) return undefined
    const { answer, positions, bytes } = fresh
    const ageMs = (this.#clock.monotonicUs() - askedUs) / 1000
    const kept = { answer, positions, ageMs, shared: false }
    this.#cache.put(key, kept, bytes)
    return kept
  }

  /** What an equal search under way brings; undefined where there is none, or it fails. */
  #ofFlight({ key, deadline }: CachedRead): Promise<KeptAnswer<T> | undefined> | undefined {
    const flight = this.#flights.get(key)
    return flight && withDeadline(this.#clock, deadline, 'the search', flight)
  }
}

async function serves(
  { positions, ageMs }: KeptAnswer<unknown>,
  { ageMsMax, wanted }: CachedRead,
): Promise<boolean> {
  if (ageMsMax !== undefined && ageMs > ageMsMax) return false
  return isSince(positions, await wanted())
}
