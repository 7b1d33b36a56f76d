/**
 * Counts what projects use and reports it to the authenticator every few seconds.
 *
 * A report has an id and is repeated until it is taken, so that nothing is counted twice; what a
 * gateway that dies had not reported is lost, a few seconds' worth.
 */

import { randomUUID } from 'node:crypto'
import type { DescMessage, DescMethod, MessageShape } from '@bufbuild/protobuf'
import { type Clock, type Logger, sleep, utcDay } from '@vectron/base'
import type { auth, wire } from '@vectron/contracts'
import type { CallContext, Client, Interceptor } from '@vectron/rpc'

const REPORT_EVERY_MS = 5000
/** Projects and days of one report. */
const COUNTS_MAX = 10_000

export interface UsageMeterOptions {
  readonly auth: Client<typeof auth.Auth>
  readonly clock: Clock
  readonly logger: Logger
}

interface Counts {
  requests: number
  searches: number
  pointsWritten: number
  refused: number
}

interface Report {
  readonly id: string
  readonly counts: ReadonlyMap<string, Counts>
  readonly keyUses: ReadonlyMap<string, number>
}

export class UsageMeter {
  readonly #options: UsageMeterOptions
  #counts = new Map<string, Counts>()
  #keyUses = new Map<string, number>()
  #unsent: Report | undefined
  readonly #closing = new AbortController()
  #reporting: Promise<void> | undefined

  constructor(options: UsageMeterOptions) {
    this.#options = options
  }

  start(): void {
    this.#reporting ??= this.#reportAgainAndAgain()
  }

  /** Reports what is left, once. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#reporting
    await this.#report()
  }

  /** Counts every call of a known project. */
  get interceptor(): Interceptor {
    return async (call, next) => {
      const { principal } = call
      if (principal === undefined) return next()
      const counts = this.#countsOf(principal.projectId)
      counts.requests += 1
      if (call.method.parent.typeName === 'vectron.v1.Search') counts.searches += 1
      if (principal.keyId !== '') this.#keyUses.set(principal.keyId, this.#options.clock.nowMs())
      return next()
    }
  }

  onRefused(projectId: string): void {
    this.#countsOf(projectId).refused += 1
  }

  /** Counts the points of an upsert that was let through. */
  inspect(
    request: MessageShape<DescMessage>,
    { principal }: CallContext,
    { localName }: DescMethod,
  ): void {
    if (principal === undefined || !localName.startsWith('upsertPoints')) return
    const { points } = request as unknown as wire.UpsertPointsRequest
    this.#countsOf(principal.projectId).pointsWritten += points.length
  }

  #countsOf(projectId: string): Counts {
    const day = utcDay(this.#options.clock.nowMs())
    const key = `${projectId} ${day}`
    const known = this.#counts.get(key)
    if (known !== undefined) return known
    const counts = { requests: 0, searches: 0, pointsWritten: 0, refused: 0 }
    if (this.#counts.size < COUNTS_MAX) this.#counts.set(key, counts)
    return counts
  }

  async #reportAgainAndAgain(): Promise<void> {
    const { clock } = this.#options
    const { signal } = this.#closing
    while (!signal.aborted) {
      await sleep(clock, REPORT_EVERY_MS, signal).catch(() => {})
      if (!signal.aborted) await this.#report()
    }
  }

  async #report(): Promise<void> {
    this.#unsent ??= this.#takeReport()
    if (this.#unsent === undefined) return
    const { id, counts, keyUses } = this.#unsent
    const request = {
      reportId: id,
      counts: [...counts].map(([key, count]) => {
        const [projectId = '', day = ''] = key.split(' ')
        return {
          projectId,
          day,
          requests: BigInt(count.requests),
          searches: BigInt(count.searches),
          pointsWritten: BigInt(count.pointsWritten),
          refused: BigInt(count.refused),
        }
      }),
      keyUses: Object.fromEntries([...keyUses].map(([key, ms]) => [key, BigInt(ms)])),
    }
    try {
      await this.#options.auth.reportUsage(request)
      this.#unsent = undefined
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'usage is not reported yet')
    }
  }

  #takeReport(): Report | undefined {
    if (this.#counts.size === 0 && this.#keyUses.size === 0) return undefined
    const report = { id: randomUUID(), counts: this.#counts, keyUses: this.#keyUses }
    this.#counts = new Map()
    this.#keyUses = new Map()
    return report
  }
}
