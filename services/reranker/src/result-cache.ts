/**
 * Results of costly strategies, kept for equal requests: the same strategy and version, parameters,
 * query and candidates, to the last byte. So a point that changed is another request, and only a
 * model that changed behind its name makes a kept result wrong: `invalidate` forgets.
 */
import { hash } from 'node:crypto'
import { toBinary } from '@bufbuild/protobuf'
import type { Clock, Metrics } from '@vectron/base'
import { rerank } from '@vectron/contracts'
import { LRUCache } from 'lru-cache'
import type { RankedCandidate } from './strategy/strategy.ts'

export interface ResultCacheOptions {
  /** 0: keeps nothing. */
  readonly bytesMax: number
  readonly clock: Clock
  readonly metrics: Metrics
}

/** Milliseconds that a result is kept. */
const KEPT_MS = 10 * 60_000
/** Memory of a result, and of one of its candidates beside the reason's text. */
const ENTRY_BYTES = 512
const RANKED_BYTES = 128

interface Entry {
  readonly collection: string
  readonly ranked: readonly RankedCandidate[]
}

export class ResultCache {
  readonly #entries: LRUCache<string, Entry> | undefined

  constructor({ bytesMax, clock, metrics }: ResultCacheOptions) {
    if (bytesMax > 0) {
      this.#entries = new LRUCache<string, Entry>({
        maxSize: bytesMax,
        ttl: KEPT_MS,
        perf: { now: () => clock.monotonicUs() / 1000 },
        ttlResolution: 0,
      })
    }
    const bytes = metrics.gauge({
      name: 'rerank_cache_bytes',
      help: 'Memory of the results that the reranker keeps.',
      collect: (): void => bytes.set(this.#entries?.calculatedSize ?? 0),
    })
  }

  /** Under which the results of a request are kept. */
  keyOf(request: rerank.RerankRequest, version: string): string {
    const bytes = toBinary(rerank.RerankRequestSchema, request)
    return `${version} ${hash('sha256', bytes, 'base64url')}`
  }

  get(key: string): readonly RankedCandidate[] | undefined {
    return this.#entries?.get(key)?.ranked
  }

  put(key: string, collection: string, ranked: readonly RankedCandidate[]): void {
    const size = ranked.reduce(
      (sum, { reason }) => sum + RANKED_BYTES + 2 * reason.length,
      ENTRY_BYTES + 2 * key.length,
    )
    this.#entries?.set(key, { collection, ranked }, { size })
  }

  /** Forgets the results of a collection; of all for an empty name. Answers how many there were. */
  invalidate(collection: string): number {
    let forgotten = 0
    for (const [key, entry] of this.#entries?.entries() ?? []) {
      if (collection !== '' && entry.collection !== collection) continue
      if (this.#entries?.delete(key)) forgotten++
    }
    return forgotten
  }
}
