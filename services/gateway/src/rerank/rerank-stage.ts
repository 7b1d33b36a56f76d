/**
 * The stage of a search between the merge and the reply: the best candidates in another order.
 *
 * A search is never lost by it: when no reranker answers in time the results come in the order that
 * they have, and the report says why. Only what the caller wrote wrongly is an error.
 *
 * `open` comes before the shards are asked, because it says what to ask of them: more candidates,
 * and the payloads or vectors that the strategy looks at. `rank` comes after the merge.
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import {
  type Clock,
  type Counter,
  type Deadline,
  deadlineAfter,
  isVectronError,
  type Metrics,
  toVectronError,
  VectronError,
  withDeadline,
} from '@vectron/base'
import { parseVector, type rerank, vectron, wire } from '@vectron/contracts'
import { CircuitBreaker } from './circuit-breaker.ts'
import type { RerankerPool } from './reranker-pool.ts'
import { StrategyBook } from './strategy-book.ts'
import type { RerankPlan } from './take-rerank.ts'

/** A reranking that has begun. */
export type OpenRerank =
  | { readonly kind: 'ready'; readonly plan: RerankPlan; readonly strategy: rerank.Strategy }
  | { readonly kind: 'degraded'; readonly plan: RerankPlan; readonly error: VectronError }

/** What a search asks of its shards, or its caller of it. */
export interface CandidateQuery {
  readonly topK: number
  /** Results to pass over. */
  readonly offset: number
  readonly withPayload: boolean
  readonly withVector: boolean
}

export interface RankRequest {
  readonly collection: string
  /** Whether lower scores are nearer. */
  readonly lowerIsBetter: boolean
  /** Encoded `vectron.v1.ScoredPoint`s, nearest first: as many as candidateQuery asked for. */
  readonly points: readonly Uint8Array[]
  /** What the caller asked for. */
  readonly wanted: CandidateQuery
  readonly deadline: Deadline
}

export interface RankAnswer {
  readonly points: Uint8Array[]
  readonly report: vectron.RerankReport
}

export interface RerankStageOptions {
  readonly pool: RerankerPool
  readonly clock: Clock
  readonly metrics: Metrics
  /** To hear what the rerankers can do. Default: LIST_TIMEOUT_MS. */
  readonly listTimeoutMs?: number
}

/** Milliseconds to hear what the rerankers can do. */
const LIST_TIMEOUT_MS = 1_000
/** Milliseconds of a search's time that are kept for its reply, or a tenth of what is left. */
const REPLY_MS = 50
/** Milliseconds: a reranker that was given less is not called slow for taking longer. */
const SLOW_MS_MIN = 100
/** Bytes of the candidates of one search. */
const CANDIDATES_BYTES_MAX = 32 * 1024 * 1024

/** States of a breaker, as its metric tells them. */
const STATE_VALUES = { closed: 0, 'half-open': 1, open: 2 } as const
/** Whose breaker is that of asking what there is. */
const LISTING = 'list'

export class RerankStage {
  readonly #options: RerankStageOptions
  readonly #book: StrategyBook
  readonly #breakers = new Map<string, CircuitBreaker>()
  readonly #outcomes: Counter<'strategy' | 'outcome'>

  constructor(options: RerankStageOptions) {
    const { pool, clock, metrics } = options
    this.#options = options
    this.#book = new StrategyBook(pool, clock)
    this.#outcomes = metrics.counter({
      name: 'rerank_total',
      help: 'Searches to be reranked, by what became of it.',
      labels: ['strategy', 'outcome'],
    })
    const states = metrics.gauge({
      name: 'rerank_breaker_state',
      help: '0: calls go. 1: one call tries whether it is back. 2: nobody is asked.',
      labels: ['strategy'],
      collect: () => {
        for (const [strategy, { state }] of this.#breakers) {
          states.set({ strategy }, STATE_VALUES[state])
        }
      },
    })
  }

  /** @throws VectronError INVALID_ARGUMENT for a strategy that does not exist */
  async open(plan: RerankPlan, deadline: Deadline): Promise<OpenRerank> {
    const { clock, listTimeoutMs = LIST_TIMEOUT_MS } = this.#options
    const within = deadlineAfter(clock, Math.min(listTimeoutMs, timeFor(plan, deadline)))
    try {
      const strategy = await this.#guarded(LISTING, within, () =>
        this.#book.strategy(plan.strategy, `${plan.path}.strategy`, within),
      )
      if (strategy.problem === '') return { kind: 'ready', plan, strategy }
      const message = `The strategy ${strategy.name} cannot be used: ${strategy.problem}.`
      return { kind: 'degraded', plan, error: new VectronError('UNAVAILABLE', message) }
    } catch (error) {
      if (isCallersFault(error)) throw error
      return { kind: 'degraded', plan, error: toVectronError(error) }
    }
  }

  /**
   * The best points in their new order, or as they are when no reranker answers in time.
   *
   * @throws VectronError what is wrong with the parameters, by the field of the request
   */
  async rank(opened: OpenRerank, request: RankRequest): Promise<RankAnswer> {
    const startUs = this.#options.clock.monotonicUs()
    const { plan } = opened
    const answer = await this.#rank(opened, request).catch((error: unknown): Ranking => {
      if (isCallersFault(error)) throw withPath(error, plan)
      return { kind: 'degraded', error: toVectronError(error) }
    })
    const isKnown = opened.kind === 'ready'
    const name = isKnown ? plan.strategy : LISTING
    this.#outcomes.inc({ strategy: name, outcome: answer.kind })
    const report = create(vectron.RerankReportSchema, {
      strategy: plan.strategy,
      ...(plan.preset && { preset: plan.preset.name, presetVersion: plan.preset.version }),
      tookUs: Math.round(this.#options.clock.monotonicUs() - startUs),
      ...describe(answer),
    })
    const points =
      answer.kind === 'ranked' ? answer.points : inOwnOrder(opened, request.points, request.wanted)
    return { points, report }
  }

  async #rank(opened: OpenRerank, request: RankRequest): Promise<Ranking> {
    if (opened.kind === 'degraded') return opened
    const { plan, strategy } = opened
    const { points, wanted, deadline } = request
    if (points.length === 0) {
      return { kind: 'ranked', points: [], candidates: 0, version: strategy.version }
    }
    const bytes = points.reduce((sum, { length }) => sum + length, 0)
    if (bytes > CANDIDATES_BYTES_MAX) {
      throw new VectronError(
        'BODY_TOO_LARGE',
        `The ${points.length} candidates have ${bytes} bytes; ${CANDIDATES_BYTES_MAX} are reranked ` +
          `at most. Lower ${plan.path}.limit.`,
      )
    }
    const candidates = points.map((point) => fromBinary(wire.ScoredPointSchema, point))
    const within = deadlineAfter(this.#options.clock, timeFor(plan, deadline))
    const { results, version } = await this.#guarded(strategy.name, within, () =>
      this.#options.pool.ask(within, (client, options) =>
        client.rerank(
          {
            collection: request.collection,
            strategy: strategy.name,
            parameters: plan.parameters,
            queryText: plan.text,
            lowerIsBetter: request.lowerIsBetter,
            candidates: candidates.map(({ score, payload, vector }) => ({
              score,
              ...(strategy.wantsPayload && { payload }),
              ...(strategy.wantsVector && { vector: parseVector(vector) ?? new Uint8Array() }),
            })),
            topK: wanted.offset + wanted.topK,
          },
          options,
        ),
      ),
    )
    checkPlaces(results, { count: candidates.length, topK: wanted.offset + wanted.topK })
    const ranked = results.slice(wanted.offset).map(({ place, score, reason }) => {
      const point = candidates[place] as wire.ScoredPoint
      return encode({ ...point, score, originalScore: point.score, rerankReason: reason }, wanted)
    })
    return { kind: 'ranked', points: ranked, candidates: candidates.length, version }
  }

  /** Behind the breaker of the name; what becomes of the call is noted there. */
  async #guarded<T>(name: string, deadline: Deadline, call: () => Promise<T>): Promise<T> {
    const breaker = this.#breaker(name)
    const allowedMs = deadline.remainingMs()
    if (allowedMs === 0) {
      throw new VectronError('DEADLINE_EXCEEDED', 'The search left no time for reranking.')
    }
    if (!breaker.enter()) {
      const message = 'The reranker failed again and again, and is not asked for a while.'
      throw new VectronError('UNAVAILABLE', message)
    }
    try {
      const answer = await withDeadline(this.#options.clock, deadline, 'reranking', call())
      breaker.succeeded()
      return answer
    } catch (error) {
      const isHasty = isVectronError(error, 'DEADLINE_EXCEEDED') && allowedMs < SLOW_MS_MIN
      if (isCallersFault(error)) breaker.succeeded()
      else if (isHasty) breaker.abandoned()
      else breaker.failed()
      throw error
    }
  }

  /** One for each strategy: a dead endpoint of one does not close the others. */
  #breaker(name: string): CircuitBreaker {
    const breaker = this.#breakers.get(name) ?? new CircuitBreaker(this.#options.clock)
    this.#breakers.set(name, breaker)
    return breaker
  }
}

/** What the shards are asked for, so that `rank` has what it needs. */
export function candidateQuery(opened: OpenRerank, wanted: CandidateQuery): CandidateQuery {
  if (opened.kind === 'degraded') return wanted
  const { plan, strategy } = opened
  return {
    topK: plan.limit,
    offset: 0,
    withPayload: wanted.withPayload || strategy.wantsPayload,
    withVector: wanted.withVector || strategy.wantsVector,
  }
}

type Ranking =
  | {
      readonly kind: 'ranked'
      readonly points: Uint8Array[]
      readonly candidates: number
      readonly version: string
    }
  | { readonly kind: 'degraded'; readonly error: VectronError }

function describe(answer: Ranking) {
  switch (answer.kind) {
    case 'ranked':
      return { version: answer.version, candidates: answer.candidates }
    case 'degraded': {
      const { reason, message } = answer.error
      return { degraded: true, reason, message }
    }
  }
}

/** The results in their own order, without what only the strategy had asked for. */
export function inOwnOrder(
  opened: OpenRerank,
  points: readonly Uint8Array[],
  wanted: CandidateQuery,
): Uint8Array[] {
  // The shards were asked for no more than is wanted.
  if (opened.kind === 'degraded') return [...points]
  const first = points.slice(wanted.offset, wanted.offset + wanted.topK)
  const { withPayload, withVector } = candidateQuery(opened, wanted)
  if (withPayload === wanted.withPayload && withVector === wanted.withVector) return first
  return first.map((point) => encode(fromBinary(wire.ScoredPointSchema, point), wanted))
}

function encode(point: wire.ScoredPoint, wanted: CandidateQuery): Uint8Array {
  const none = new Uint8Array()
  const shown = {
    ...point,
    ...(wanted.withPayload ? {} : { payload: none, version: undefined, expireTime: undefined }),
    vector: wanted.withVector ? point.vector : none,
  }
  return toBinary(wire.ScoredPointSchema, shown)
}

/** Milliseconds for reranking, so that the reply still comes in time. */
function timeFor({ timeoutMs = Infinity }: RerankPlan, deadline: Deadline): number {
  const leftMs = deadline.remainingMs()
  return Math.max(0, Math.min(timeoutMs, leftMs - Math.min(REPLY_MS, leftMs / 10)))
}

/** Errors of 4xx are the caller's, except that something was too much for the reranker. */
function isCallersFault(error: unknown): error is VectronError {
  return isVectronError(error) && error.row.http === 400
}

/** The reranker names its own request's fields; the caller knows those of the search. */
function withPath(error: VectronError, { path, preset }: RerankPlan): VectronError {
  const { reason, message, field } = error
  if (field === undefined || field.startsWith(path)) return error
  const named = preset === undefined ? `${path}.${field}` : `${path}.preset`
  return new VectronError(reason, message.replace(field, named), { field: named, cause: error })
}

/** What another process says is not trusted with our results. */
function checkPlaces(
  results: readonly rerank.Ranked[],
  { count, topK }: { readonly count: number; readonly topK: number },
): void {
  const places = new Set(results.map(({ place }) => place))
  const isSound =
    results.length === Math.min(count, topK) &&
    places.size === results.length &&
    results.every(({ place }) => place < count)
  if (!isSound) throw new VectronError('INTERNAL', 'The reranker did not rank what it was given.')
}
