/**
 * Requests a second of each project: a token bucket that holds one second's worth.
 *
 * The count lies behind an interface: in this gateway's memory, where each of several gateways
 * allows its share, or in a store that all of them use (shared-rates.ts).
 */

import { type Clock, VectronError } from '@vectron/base'
import type { Interceptor } from '@vectron/rpc'

export interface Taken {
  readonly allowed: boolean
  /** Requests that may still come at once. */
  readonly remaining: number
  /** Milliseconds until a request is allowed again; 0 while one is. */
  readonly retryAfterMs: number
}

/** Counts requests of projects. */
export interface RateCounter {
  /** Takes one request of a project that may make `perSecond`. */
  take(projectId: string, perSecond: number): Taken | Promise<Taken>
  /** What people should know although all goes on. */
  readonly notes: readonly string[]
  close(): Promise<void>
}

interface Bucket {
  tokens: number
  filledUs: number
}

/** Projects whose buckets are kept; of more the longest unused are dropped: theirs are full. */
const BUCKETS_MAX = 50_000

/** The counter of one gateway among `gateways` that share the load evenly. */
export class LocalRateCounter implements RateCounter {
  readonly #clock: Clock
  readonly #gateways: () => number
  readonly #buckets = new Map<string, Bucket>()
  readonly notes = []

  /** `gateways`: how many there are now, this one included. */
  constructor(clock: Clock, gateways: () => number) {
    this.#clock = clock
    this.#gateways = gateways
  }

  take(projectId: string, perSecond: number): Taken {
    const share = perSecond / this.#gateways()
    // A share of less than one request a second still allows one now and then.
    const tokensMax = Math.max(1, share)
    const nowUs = this.#clock.monotonicUs()
    const known = this.#buckets.get(projectId) ?? { tokens: tokensMax, filledUs: nowUs }
    const gained = ((nowUs - known.filledUs) / 1e6) * share
    const tokens = Math.min(tokensMax, known.tokens + gained)
    const allowed = tokens >= 1
    const left = allowed ? tokens - 1 : tokens
    this.#keep(projectId, { tokens: left, filledUs: nowUs })
    const retryAfterMs = allowed ? 0 : Math.ceil(((1 - left) / share) * 1000)
    return { allowed, remaining: Math.floor(left), retryAfterMs }
  }

  async close(): Promise<void> {}

  #keep(projectId: string, bucket: Bucket): void {
    this.#buckets.delete(projectId)
    this.#buckets.set(projectId, bucket)
    if (this.#buckets.size <= BUCKETS_MAX) return
    const [oldest] = this.#buckets.keys()
    if (oldest !== undefined) this.#buckets.delete(oldest)
  }
}

/** Refuses what is above the plan, and tells every caller of a limited plan where they stand. */
export function limitRates(
  counter: RateCounter,
  onRefused: (projectId: string) => void,
): Interceptor {
  return async (call, next) => {
    const { principal } = call
    const perSecond = principal?.limits?.requestsPerSecond ?? 0
    if (principal === undefined || perSecond === 0) return next()
    const taking = counter.take(principal.projectId, perSecond)
    const taken = taking instanceof Promise ? await taking : taking
    call.responseHeaders.set('ratelimit-limit', `${perSecond}`)
    call.responseHeaders.set('ratelimit-remaining', `${taken.remaining}`)
    call.responseHeaders.set('ratelimit-reset', `${Math.ceil(taken.retryAfterMs / 1000)}`)
    if (taken.allowed) return next()
    onRefused(principal.projectId)
    throw new VectronError(
      'RATE_LIMITED',
      `The plan "${principal.limits?.plan}" allows ${perSecond} requests a second.`,
      { subject: 'requestsPerSecond', retryAfterMs: taken.retryAfterMs },
    )
  }
}
