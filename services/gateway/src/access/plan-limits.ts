/**
 * What a plan allows beside requests a second: refused before the handler begins.
 *
 * Collections are counted in the routing table. Vectors and bytes are counted every few seconds by
 * asking the shards, so a project may go over by what it writes meanwhile.
 */

import type { DescMethod } from '@bufbuild/protobuf'
import { type Clock, deadlineAfter, LIMITS, type Logger, sleep, VectronError } from '@vectron/base'
import type { vectron, wire } from '@vectron/contracts'
import { type Router, shardReports } from '@vectron/routing'
import type { CallContext, Principal } from '@vectron/rpc'
import { isOfProject, prefixOfProject } from './project-names.ts'

/** Milliseconds between two counts of what projects hold. */
const COUNT_EVERY_MS = 5000

interface Holding {
  readonly vectors: number
  readonly bytes: number
}

export interface PlanLimitsOptions {
  readonly router: Router
  readonly clock: Clock
  readonly logger: Logger
}

export class PlanLimits {
  readonly #options: PlanLimitsOptions
  /** By project, of those that are limited and wrote of late. */
  readonly #holdings = new Map<string, Holding>()
  #watched = new Set<string>()
  readonly #closing = new AbortController()
  #counting: Promise<void> | undefined

  constructor(options: PlanLimitsOptions) {
    this.#options = options
  }

  start(): void {
    this.#counting ??= this.#countAgainAndAgain()
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#counting
  }

  /** @throws VectronError PLAN_LIMIT naming the limit */
  inspect(request: object, { principal }: CallContext, method: DescMethod): void {
    if (principal?.limits === undefined) return
    switch (method.localName) {
      case 'createCollection':
        this.#checkCreate(principal, request as vectron.CreateCollectionRequest)
        return
      case 'search':
      case 'searchStream':
        checkTopK(principal, request as wire.SearchRequest)
        return
      case 'batchSearch': {
        const { searches } = request as wire.BatchSearchRequest
        for (const search of searches) checkTopK(principal, search)
        return
      }
      case 'upsertPoints':
      case 'upsertPointsStream':
        this.#checkHolding(principal)
        return
      default:
        return
    }
  }

  #checkCreate(principal: Principal, { dimension }: vectron.CreateCollectionRequest): void {
    const { dimensionMax = 0, collectionsMax = 0 } = principal.limits ?? {}
    checkLimit(principal, { limit: 'dimensionMax', max: dimensionMax, value: dimension })
    if (collectionsMax === 0) return
    const value = this.#collectionsOf(principal.projectId).length + 1
    checkLimit(principal, { limit: 'collectionsMax', max: collectionsMax, value })
  }

  #checkHolding(principal: Principal): void {
    const { vectorsMax = 0n, bytesMax = 0n } = principal.limits ?? {}
    if (vectorsMax === 0n && bytesMax === 0n) return
    this.#watched.add(principal.projectId)
    const { vectors = 0, bytes = 0 } = this.#holdings.get(principal.projectId) ?? {}
    checkLimit(principal, { limit: 'vectorsMax', max: Number(vectorsMax), value: vectors + 1 })
    checkLimit(principal, { limit: 'bytesMax', max: Number(bytesMax), value: bytes + 1 })
  }

  async #countAgainAndAgain(): Promise<void> {
    const { clock, logger } = this.#options
    const { signal } = this.#closing
    while (!signal.aborted) {
      const watched = this.#watched
      this.#watched = new Set()
      for (const projectId of watched) {
        try {
          this.#holdings.set(projectId, await this.#count(projectId))
        } catch (error) {
          logger.warn({ err: error, project: projectId }, 'what a project holds is not counted')
        }
      }
      await sleep(clock, COUNT_EVERY_MS, signal).catch(() => {})
    }
  }

  async #count(projectId: string): Promise<Holding> {
    const { router, clock } = this.#options
    const names = this.#collectionsOf(projectId)
    const deadline = deadlineAfter(clock, LIMITS.requestTimeoutMsDefault)
    const reports = await Promise.all(names.map((name) => shardReports(router, name, deadline)))
    const stats = reports.flat().flatMap(({ stats: one }) => (one === undefined ? [] : [one]))
    return {
      vectors: stats.reduce((sum, { pointsCount }) => sum + Number(pointsCount), 0),
      bytes: stats.reduce(
        (sum, { bytes }) => sum + Number(bytes?.storeDisk ?? 0) + Number(bytes?.vectorsDisk ?? 0),
        0,
      ),
    }
  }

  /** Inner names of a project's collections. */
  #collectionsOf(projectId: string): string[] {
    const prefix = prefixOfProject(projectId)
    const names = [...this.#options.router.table.collections.keys()]
    return names.filter((name) => isOfProject(name, prefix))
  }
}

/** Candidates to rerank and results of legs are results too, though not all are shown. */
function checkTopK(principal: Principal, request: wire.SearchRequest): void {
  const { topK, offset, rerank, query, groupBy } = request
  const max = principal.limits?.topKMax ?? 0
  const legs = query.case === 'fused' ? query.value.legs : []
  const ofGroup = groupBy === undefined ? 1 : (groupBy.groupSize ?? LIMITS.groupSizeDefault)
  const reach = (topK ?? 0) * ofGroup + offset
  const value = Math.max(reach, rerank?.limit ?? 0, ...legs.map((leg) => leg.topK ?? 0))
  checkLimit(principal, { limit: 'topKMax', max, value })
}

interface Checked {
  readonly limit: 'dimensionMax' | 'collectionsMax' | 'vectorsMax' | 'bytesMax' | 'topKMax'
  /** 0: not limited. */
  readonly max: number
  readonly value: number
}

function checkLimit({ limits }: Principal, { limit, max, value }: Checked): void {
  if (max === 0 || value <= max) return
  throw new VectronError(
    'PLAN_LIMIT',
    `The plan "${limits?.plan}" allows ${limit} ${max}; this would make it ${value}.`,
    { subject: limit },
  )
}
