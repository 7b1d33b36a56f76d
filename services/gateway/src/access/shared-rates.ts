/**
 * Requests a second of each project, counted in a store that all gateways share; while the store is
 * away, in this gateway's memory, where it allows its share.
 *
 * The simple version asks the store each time and falls back when that fails: then every request
 * waits for a store that hangs. Here the first failure divides the limits, and only a look at the
 * store in the background, now and then, makes them shared again. No request fails for the store,
 * and only those that were under way when it failed have waited.
 */

import {
  type Clock,
  type Logger,
  type Metrics,
  sleep,
  toVectronError,
  VectronError,
} from '@vectron/base'
import type { RateCounter, Taken } from './rate-limits.ts'

/** Counts for all gateways at once. */
export interface RateStore {
  /** Where it is, for people. */
  readonly name: string
  /** Takes one request of a project that may make `perSecond`. Rejects when it cannot. */
  take(projectId: string, perSecond: number): Promise<Taken>
  /** Settles when it answers. */
  check(): Promise<void>
  close(): Promise<void>
}

export interface SharedRatesOptions {
  readonly store: RateStore
  /** Counts while the store is away. */
  readonly divided: RateCounter
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
}

/**
 * Milliseconds that the store may take: beyond, a request goes on without it. They are counted in
 * steps, so that of a time in which this process itself stood still one step counts: the answer may
 * have come long since.
 */
const STORE_MS = 250
const STEP_MS = 50
/** Milliseconds between looks at a store that is away. */
const LOOK_EVERY_MS = 500

type State =
  | { readonly kind: 'shared' }
  /** Why is told to people. */
  | { readonly kind: 'divided'; readonly why: string }

export class SharedRateCounter implements RateCounter {
  readonly #options: SharedRatesOptions
  #state: State = { kind: 'divided', why: 'it was not asked yet' }
  readonly #failures: { inc(): void }
  readonly #closing = new AbortController()
  /** Ends when the limits are divided again. */
  #divided = Promise.withResolvers<void>()
  #looking: Promise<void> | undefined

  constructor(options: SharedRatesOptions) {
    this.#options = options
    const gauge = options.metrics.gauge({
      name: 'rate_store_up',
      help: '1 while the limits of projects are counted in the shared store, 0 while divided.',
      collect: (): void => gauge.set(this.#state.kind === 'shared' ? 1 : 0),
    })
    this.#failures = options.metrics.counter({
      name: 'rate_store_failures_total',
      help: 'Times that the shared store of limits did not answer, or wrongly.',
    })
  }

  /** Settles when the store was asked for the first time. */
  async start(): Promise<void> {
    await this.#look()
    this.#looking ??= this.#lookAgainAndAgain()
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#divided.resolve()
    await this.#looking
    await this.#options.store.close()
  }

  /** What people should know although all goes on. */
  get notes(): readonly string[] {
    if (this.#state.kind === 'shared') return []
    const { name } = this.#options.store
    return [`limits are divided among the gateways: ${name} is away: ${this.#state.why}`]
  }

  take(projectId: string, perSecond: number): Taken | Promise<Taken> {
    const { divided } = this.#options
    if (this.#state.kind === 'divided') return divided.take(projectId, perSecond)
    return this.#ask((store) => store.take(projectId, perSecond)).catch((error: unknown) => {
      this.#divide(error)
      return divided.take(projectId, perSecond)
    })
  }

  async #lookAgainAndAgain(): Promise<void> {
    const { clock } = this.#options
    const { signal } = this.#closing
    while (!signal.aborted) {
      if (this.#state.kind === 'shared') await this.#divided.promise
      await sleep(clock, LOOK_EVERY_MS, signal).catch(() => {})
      if (!signal.aborted) await this.#look()
    }
  }

  async #look(): Promise<void> {
    const { store, logger } = this.#options
    try {
      await this.#ask(() => store.check())
    } catch (error) {
      this.#divide(error)
      return
    }
    if (this.#state.kind === 'shared') return
    this.#state = { kind: 'shared' }
    this.#divided = Promise.withResolvers()
    logger.info({ store: store.name }, 'limits are shared by all gateways')
  }

  #divide(error: unknown): void {
    const { store, logger } = this.#options
    this.#failures.inc()
    const why = toVectronError(error).message
    // Requests that were under way together fail together; it is said once.
    const isNews = this.#state.kind === 'shared' || this.#state.why !== why
    this.#state = { kind: 'divided', why }
    this.#divided.resolve()
    if (isNews) logger.warn({ store: store.name, why }, 'limits are divided among the gateways')
  }

  /** @throws VectronError UNAVAILABLE when the store takes too long, and what it rejects with */
  async #ask<T>(question: (store: RateStore) => Promise<T>): Promise<T> {
    const { store, clock } = this.#options
    const late = Promise.withResolvers<never>()
    let cancel = () => {}
    const wait = (leftMs: number): void => {
      if (leftMs > 0) {
        cancel = clock.setTimer(STEP_MS, () => wait(leftMs - STEP_MS))
        return
      }
      const message = `it did not answer for ${STORE_MS} ms`
      late.reject(new VectronError('UNAVAILABLE', message, { subject: store.name }))
    }
    const asked = question(store)
    // What comes too late is nobody's.
    asked.catch(() => {})
    wait(STORE_MS)
    try {
      return await Promise.race([asked, late.promise])
    } finally {
      cancel()
    }
  }
}
