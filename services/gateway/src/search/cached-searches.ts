/**
 * Answers searches from the cache where that may be, and lets equal ones that come at the same time
 * share one trip to the shards.
 *
 * What an answer must have seen is asked for only when there is an answer to compare: of a strong
 * read that is a ReadIndex of every shard, which costs less than the search that it may save.
 */

import {
  type Clock,
  type Counter,
  type Deadline,
  type Histogram,
  type Metrics,
  withDeadline,
} from '@vectron/base'
import type { ShardPositions } from '@vectron/routing'
import { isSince, type KeptAnswer, type ResultCache } from './result-cache.ts'

/** A search that may be answered from the cache. */
export interface CachedRead {
  readonly key: string
  /** Answers that are older are of no use; absent: positions alone decide. */
  readonly ageMsMax: number | undefined
  /** What the answer must have seen. */
  readonly wanted: () => Promise<ShardPositions>
  readonly deadline: Deadline
}

/** What the shards answered. */
export interface FreshAnswer<T> {
  readonly answer: T
  readonly positions: ShardPositions
  /** Memory that it takes. */
  readonly bytes: number
  /** Others may be given it: it is whole. */
  readonly lasting: boolean
}

export type Answered<T> =
  | { readonly kind: 'kept'; readonly kept: KeptAnswer<T> }
  | { readonly kind: 'fresh'; readonly fresh: FreshAnswer<T> }

/** Answers that other gateways had. */
export interface SharedAnswers<T> {
  /** Never rejects. */
  get(key: string): Promise<KeptAnswer<T> | undefined>
  /** Nobody waits for it. */
  put(key: string, kept: KeptAnswer<T>): void
}

export interface CachedSearchesOptions<T> {
  readonly cache: ResultCache<T>
  readonly shared: SharedAnswers<T> | undefined
  readonly clock: Clock
  readonly metrics: Metrics
  /** Told of each search that is looked up. Default: nobody is. */
  readonly onLookUp?: (found: 'hit' | 'miss') => void
}

type MaybeLater<T> = T | Promise<T | undefined> | undefined

type LookUp = 'hit' | 'shared_hit' | 'miss' | 'stale'

export class CachedSearches<T> {
  readonly #cache: ResultCache<T>
  readonly #shared: SharedAnswers<T> | undefined
  readonly #clock: Clock
  readonly #lookUps: Counter<'result'>
  readonly #ages: Histogram
  readonly #onLookUp: ((found: 'hit' | 'miss') => void) | undefined
  /** Searches under way, by key. */
  readonly #flights = new Map<string, Promise<KeptAnswer<T> | undefined>>()

  constructor({ cache, shared, clock, metrics, onLookUp }: CachedSearchesOptions<T>) {
    this.#cache = cache
    this.#shared = shared
    this.#clock = clock
    this.#onLookUp = onLookUp
    this.#lookUps = metrics.counter({
      name: 'result_cache_lookups_total',
      help: 'Searches looked up among the kept answers: hit, shared_hit, stale or miss.',
      labels: ['result'],
    })
    this.#ages = metrics.histogram({
      name: 'result_cache_age_seconds',
      help: 'Age of the kept answers that were given.',
    })
  }

  get enabled(): boolean {
    return this.#cache.enabled
  }

  /** A kept answer, that of an equal search under way, or else what `ask` gets from the shards. */
  async answer(read: CachedRead, ask: () => Promise<FreshAnswer<T>>): Promise<Answered<T>> {
    const { key } = read
    const kept = await this.#firstThatServes(read, [
      () => this.#cache.get(key),
      () => this.#ofFlight(read),
      () => this.#shared?.get(key),
    ])
    if (kept !== undefined) return { kind: 'kept', kept }
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
    const { key } = read
    return this.#firstThatServes(read, [() => this.#cache.get(key), () => this.#shared?.get(key)])
  }

  /** Keeps what the shards answered. @param askedUs monotonic microseconds */
  keep(key: string, fresh: FreshAnswer<T>, askedUs: number): KeptAnswer<T> | undefined {
    if (!fresh.lasting) return undefined
    const { answer, positions, bytes } = fresh
    const ageMs = (this.#clock.monotonicUs() - askedUs) / 1000
    const kept = { answer, positions, ageMs, shared: false }
    this.#cache.put(key, kept, bytes)
    this.#shared?.put(key, kept)
    return kept
  }

  /** The first answer that may stand for the read, from the nearest place to the farthest. */
  async #firstThatServes(
    read: CachedRead,
    places: readonly (() => MaybeLater<KeptAnswer<T> | undefined>)[],
  ): Promise<KeptAnswer<T> | undefined> {
    let result: LookUp = 'miss'
    for (const look of places) {
      const kept = await look()
      if (kept === undefined) continue
      result = await judge(kept, read)
      if (result === 'stale') continue
      this.#lookUps.inc({ result })
      this.#onLookUp?.('hit')
      this.#ages.observe(kept.ageMs / 1000)
      return kept
    }
    this.#lookUps.inc({ result })
    this.#onLookUp?.('miss')
    return undefined
  }

  /** What an equal search under way brings; undefined where there is none, or it fails. */
  #ofFlight({ key, deadline }: CachedRead): Promise<KeptAnswer<T> | undefined> | undefined {
    const flight = this.#flights.get(key)
    return flight && withDeadline(this.#clock, deadline, 'the search', flight)
  }
}

async function judge(
  { positions, ageMs, shared }: KeptAnswer<unknown>,
  { ageMsMax, wanted }: CachedRead,
): Promise<LookUp> {
  if (ageMsMax !== undefined && ageMs > ageMsMax) return 'stale'
  if (!isSince(positions, await wanted())) return 'stale'
  return shared ? 'shared_hit' : 'hit'
}
