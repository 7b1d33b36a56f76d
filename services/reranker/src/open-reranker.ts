/** Opens a reranker: its strategies behind the service rerank.v1. It keeps nothing on a disk. */
import type { Clock, Logger, Metrics } from '@vectron/base'
import { rerank } from '@vectron/contracts'
import { type BoundService, bindService } from '@vectron/rpc'
import { RerankerService } from './reranker-service.ts'
import { ResultCache } from './result-cache.ts'
import { openStrategies, type StrategyOptions } from './strategies.ts'

export interface RerankerOptions extends StrategyOptions {
  /** Of results that are kept for equal requests; 0 for none. */
  readonly cacheBytesMax: number
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
}

export interface RunningReranker {
  readonly service: BoundService
}

export function openReranker(options: RerankerOptions): RunningReranker {
  const { cacheBytesMax, clock, metrics } = options
  const strategies = openStrategies(options)
  const cache = new ResultCache({ bytesMax: cacheBytesMax, clock, metrics })
  const handlers = new RerankerService({ strategies, cache, clock, metrics })
  return { service: bindService(rerank.Reranker, handlers) }
}
