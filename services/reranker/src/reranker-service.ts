/** The handlers of rerank.v1.Reranker: find the strategy, check its parameters, rank. */
import {
  assert,
  type Clock,
  didYouMean,
  f32FromBytes,
  type Histogram,
  LIMITS,
  type Metrics,
  VectronError,
} from '@vectron/base'
import type { rerank } from '@vectron/contracts'
import { JsonReader, parsePayload } from '@vectron/ranking'
import type { CallContext, ServiceHandlers } from '@vectron/rpc'
import { createBreather } from './breather.ts'
import type { ResultCache } from './result-cache.ts'
import type { Candidate, RankedCandidate, RankJob, Strategy } from './strategy/strategy.ts'

export interface RerankerContext {
  /** In the order of names. */
  readonly strategies: ReadonlyMap<string, Strategy>
  readonly cache: ResultCache
  readonly clock: Clock
  readonly metrics: Metrics
}

export class RerankerService implements ServiceHandlers<typeof rerank.Reranker> {
  readonly #context: RerankerContext
  readonly #seconds: Histogram<'strategy'>

  constructor(context: RerankerContext) {
    this.#context = context
    this.#seconds = context.metrics.histogram({
      name: 'rerank_seconds',
      help: 'Time of ranking the candidates of one search.',
      labels: ['strategy'],
    })
  }

  async rerank(request: rerank.RerankRequest, call: CallContext) {
    const { clock, cache } = this.#context
    const startUs = clock.monotonicUs()
    const strategy = this.#strategy(request.strategy)
    const prepared = await strategy.prepare(readParameters(request.parameters))
    const { version } = prepared
    if (request.candidates.length === 0) return { results: [], version }
    const key = strategy.isCostly ? cache.keyOf(request, version) : undefined
    const kept = key === undefined ? undefined : cache.get(key)
    if (kept !== undefined)
      return { results: kept.map((one) => ({ ...one })), version, cached: true }
    const job = await this.#openJob(request, call)
    const ranked = await prepared.rank(job)
    checkRanked(ranked, job)
    if (key !== undefined) cache.put(key, request.collection, ranked)
    this.#seconds.observe({ strategy: strategy.name }, (clock.monotonicUs() - startUs) / 1e6)
    return { results: ranked.map((one) => ({ ...one })), version }
  }

  async listStrategies() {
    const strategies = [...this.#context.strategies.values()].map((strategy) => ({
      name: strategy.name,
      version: strategy.version,
      description: strategy.description,
      wantsPayload: strategy.wantsPayload,
      wantsVector: strategy.wantsVector,
      problem: strategy.problem(),
    }))
    return { strategies }
  }

  async invalidateCache({ collection }: rerank.InvalidateCacheRequest) {
    return { forgotten: this.#context.cache.invalidate(collection) }
  }

  #strategy(name: string): Strategy {
    const { strategies } = this.#context
    const strategy = strategies.get(name)
    if (strategy !== undefined) return strategy
    const known = [...strategies.keys()]
    const hint = didYouMean(name, known) || ` Known are ${known.join(', ')}.`
    throw new VectronError('INVALID_ARGUMENT', `There is no strategy "${name}".${hint}`, {
      field: 'strategy',
    })
  }

  async #openJob(request: rerank.RerankRequest, call: CallContext): Promise<RankJob> {
    const { clock } = this.#context
    const breathe = createBreather(clock, call)
    const candidates: Candidate[] = []
    for (const { score, payload, vector } of request.candidates) {
      candidates.push({
        score,
        payload: parsePayload(Buffer.from(payload).toString()),
        vector: f32FromBytes(vector),
      })
      await breathe()
    }
    return {
      queryText: request.queryText,
      higherIsBetter: !request.lowerIsBetter,
      candidates,
      topK: Math.min(request.topK, candidates.length),
      nowMs: clock.nowMs(),
      signal: call.signal,
      breathe,
    }
  }
}

function readParameters(text: string): JsonReader {
  const bytes = Buffer.byteLength(text)
  const max = LIMITS.rerankParametersBytesMax
  if (bytes > max) {
    const message = `parameters have ${bytes} bytes; the limit is ${max}.`
    throw new VectronError('INVALID_ARGUMENT', message, { field: 'parameters' })
  }
  return new JsonReader(parseParameters(text), 'parameters')
}

function parseParameters(text: string): unknown {
  if (text === '') return {}
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new VectronError('INVALID_JSON', `parameters are no JSON: ${(cause as Error).message}.`, {
      field: 'parameters',
      cause,
    })
  }
}

/** A place twice, or none, would lose a result or show one twice. */
function checkRanked(ranked: readonly RankedCandidate[], { candidates, topK }: RankJob): void {
  assert(ranked.length === topK, 'as many are ranked as were asked for')
  assert(new Set(ranked.map(({ place }) => place)).size === ranked.length, 'each is ranked once')
  assert(
    ranked.every(({ place }) => place >= 0 && place < candidates.length),
    'only candidates are ranked',
  )
}
