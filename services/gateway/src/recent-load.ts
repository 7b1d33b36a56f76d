/**
 * What this gateway answered in the last seconds, by kind of request: rates and quantiles of times,
 * for whoever watches. Prometheus keeps the history; this is for a live view without one.
 *
 * Times are counted in buckets that each are a sixteenth of an octave wide, so a quantile is at
 * most 4.5 % above the truth. One slice of counts for each second; old ones are used anew.
 */

import type { DescMethod } from '@bufbuild/protobuf'
import { type Clock, isVectronError } from '@vectron/base'
import type { CallContext, Interceptor } from '@vectron/rpc'
import { kindOf, type RequestKind } from './request-kind.ts'

export interface KindLoad {
  readonly kind: RequestKind
  readonly perSecond: number
  /** Of these: refused, or failed. */
  readonly failedPerSecond: number
  /** Of those that failed: turned away, because of too many. */
  readonly refusedPerSecond: number
  /** Microseconds; 0 where nothing was answered. Streams are not among them. */
  readonly p50Us: number
  readonly p95Us: number
  readonly p99Us: number
}

export interface LoadSummary {
  /** Seconds that it is over. */
  readonly seconds: number
  readonly kinds: readonly KindLoad[]
  /** Searches that were looked up among the kept answers, and those answered from there. */
  readonly cacheLookupsPerSecond: number
  readonly cacheHitsPerSecond: number
}

/** Whole seconds that a summary is over. */
const SECONDS = 10
const KINDS: readonly RequestKind[] = ['search', 'read', 'write', 'manage']
const BUCKETS_PER_OCTAVE = 16
/** Up to 2^32 microseconds, over an hour. */
const BUCKETS = 32 * BUCKETS_PER_OCTAVE

interface Counts {
  requests: number
  failed: number
  refused: number
  readonly times: Uint32Array
}

/** Of one second. */
interface Slice {
  second: number
  cacheLookups: number
  cacheHits: number
  readonly byKind: Readonly<Record<RequestKind, Counts>>
}

export class RecentLoad {
  readonly #clock: Clock
  readonly #startUs: number
  /** The second under way, and those before it. */
  readonly #slices: readonly Slice[]

  constructor(clock: Clock) {
    this.#clock = clock
    this.#startUs = clock.monotonicUs()
    this.#slices = Array.from({ length: SECONDS + 1 }, newSlice)
  }

  /** Counts every call. */
  get interceptor(): Interceptor {
    return async (call, next) => {
      const startUs = this.#clock.monotonicUs()
      try {
        await next()
      } catch (error) {
        this.#note(call, startUs, endOf(error))
        throw error
      }
      this.#note(call, startUs, 'answered')
    }
  }

  /** Counts a call that was turned away before it was one. */
  turnedAway(method: DescMethod): void {
    const counts = this.#countsOf(method, this.#clock.monotonicUs())
    counts.requests += 1
    counts.failed += 1
    counts.refused += 1
  }

  /** Counts a search that was looked up among the kept answers. */
  lookedUp(found: 'hit' | 'miss'): void {
    const slice = this.#sliceOf(secondOf(this.#clock.monotonicUs()))
    slice.cacheLookups += 1
    if (found === 'hit') slice.cacheHits += 1
  }

  /** Over the last whole seconds. */
  summary(): LoadSummary {
    const now = secondOf(this.#clock.monotonicUs())
    const since = Math.max(now - SECONDS, secondOf(this.#startUs))
    const seconds = Math.max(1, now - since)
    const slices = this.#slices.filter(({ second }) => second >= since && second < now)
    const sum = (of: 'cacheLookups' | 'cacheHits') =>
      slices.reduce((total, slice) => total + slice[of], 0)
    return {
      seconds,
      kinds: KINDS.map((kind) => summarize(kind, slices, seconds)),
      cacheLookupsPerSecond: sum('cacheLookups') / seconds,
      cacheHitsPerSecond: sum('cacheHits') / seconds,
    }
  }

  #note({ method }: CallContext, startUs: number, end: CallEnd): void {
    const nowUs = this.#clock.monotonicUs()
    const counts = this.#countsOf(method, nowUs)
    counts.requests += 1
    if (end === 'failed' || end === 'refused') counts.failed += 1
    if (end === 'refused') counts.refused += 1
    if (method.methodKind !== 'unary') return
    const bucket = bucketOf(nowUs - startUs)
    counts.times[bucket] = (counts.times[bucket] ?? 0) + 1
  }

  #countsOf(method: DescMethod, nowUs: number): Counts {
    return this.#sliceOf(secondOf(nowUs)).byKind[kindOf(method)]
  }

  #sliceOf(second: number): Slice {
    const slice = this.#slices[second % this.#slices.length] as Slice
    if (slice.second !== second) {
      slice.second = second
      slice.cacheLookups = 0
      slice.cacheHits = 0
      for (const counts of Object.values(slice.byKind)) {
        counts.requests = 0
        counts.failed = 0
        counts.refused = 0
        counts.times.fill(0)
      }
    }
    return slice
  }
}

function summarize(kind: RequestKind, slices: readonly Slice[], seconds: number): KindLoad {
  const times = new Float64Array(BUCKETS)
  let requests = 0
  let failed = 0
  let refused = 0
  for (const { byKind } of slices) {
    const counts = byKind[kind]
    requests += counts.requests
    failed += counts.failed
    refused += counts.refused
    for (const [bucket, count] of counts.times.entries()) times[bucket]! += count
  }
  return {
    kind,
    perSecond: requests / seconds,
    failedPerSecond: failed / seconds,
    refusedPerSecond: refused / seconds,
    p50Us: quantile(times, 0.5),
    p95Us: quantile(times, 0.95),
    p99Us: quantile(times, 0.99),
  }
}

/** Upper end of the bucket in which the quantile lies. */
function quantile(times: Float64Array, share: number): number {
  const wanted = Math.ceil(share * times.reduce((sum, count) => sum + count, 0))
  if (wanted === 0) return 0
  let seen = 0
  const bucket = times.findIndex((count) => {
    seen += count
    return seen >= wanted
  })
  return Math.round(2 ** ((bucket + 1) / BUCKETS_PER_OCTAVE))
}

function bucketOf(us: number): number {
  const bucket = Math.floor(Math.log2(Math.max(1, us)) * BUCKETS_PER_OCTAVE)
  return Math.min(BUCKETS - 1, bucket)
}

function secondOf(us: number): number {
  return Math.floor(us / 1e6)
}

/**
 * `refused`: turned away because of too many, and not because of what was asked. `left`: by a
 * caller who has seen enough, as all do that watch; nothing went wrong.
 */
type CallEnd = 'answered' | 'failed' | 'refused' | 'left'

function endOf(error: unknown): CallEnd {
  if (isVectronError(error, 'OVERLOADED') || isVectronError(error, 'RATE_LIMITED')) return 'refused'
  return isVectronError(error, 'CANCELLED') ? 'left' : 'failed'
}

function newSlice(): Slice {
  return { second: -1, cacheLookups: 0, cacheHits: 0, byKind: noCounts() }
}

function noCounts(): Record<RequestKind, Counts> {
  const none = (): Counts => ({
    requests: 0,
    failed: 0,
    refused: 0,
    times: new Uint32Array(BUCKETS),
  })
  return { search: none(), read: none(), write: none(), manage: none() }
}
