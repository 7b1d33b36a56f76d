/** What the gateway's services share. */

import type { Clock, Tracer } from '@vectron/base'
import type { Router } from '@vectron/routing'
import type { Embedder } from './embedder.ts'
import type { RerankStage } from './rerank/rerank-stage.ts'
import type { CachedSearches } from './search/cached-searches.ts'
import type { SearchAnswer } from './search/run-search.ts'
import type { StageSeconds } from './search/stage-times.ts'
import type { SlowQueries } from './slow/slow-queries.ts'
import type { WrittenPositions } from './written-positions.ts'

export interface GatewayContext {
  readonly router: Router
  /** By name. */
  readonly embedders: ReadonlyMap<string, Embedder>
  readonly clock: Clock
  readonly stageSeconds: StageSeconds
  /** Undefined: requests are not traced. */
  readonly tracer: Tracer | undefined
  readonly slowQueries: SlowQueries
  /** Answers of searches that are kept. */
  readonly results: CachedSearches<SearchAnswer>
  /** Milliseconds that an eventual read lets a kept answer be old. */
  readonly eventualAgeMsMax: number
  /** What this gateway has written. */
  readonly written: WrittenPositions
  readonly rerank: RerankStage
}
