/** Begins the reranking of a search that asks for it: its shards are asked for the candidates. */

import type { Deadline } from '@vectron/base'
import type { CollectionRoute } from '@vectron/routing'
import { candidateQuery, type RerankStage } from '../rerank/rerank-stage.ts'
import { takeRerank } from '../rerank/take-rerank.ts'
import type { PlannedLeg, PlannedSearch } from './plan-search.ts'

export interface RerankingOf {
  readonly route: CollectionRoute
  readonly deadline: Deadline
  /** `searches[3].` within a batch, else empty. */
  readonly prefix: string
}

/** @throws VectronError with the field at fault */
export async function openReranking(
  stage: RerankStage,
  search: PlannedSearch,
  { route, deadline, prefix }: RerankingOf,
): Promise<PlannedSearch> {
  const { request, legs, window } = search
  const { topK, offset } = window
  const plan = takeRerank(request.rerank, {
    presets: route.rerankPresets,
    topK: offset + topK,
    text: textOf(legs),
    prefix,
  })
  if (plan === undefined) return search
  const opened = await stage.open(plan, deadline)
  const { withPayload = true, withVector } = request
  const wanted = { topK, offset, withPayload, withVector }
  const { offset: from, ...asked } = candidateQuery(opened, wanted)
  return {
    ...search,
    window: { ...window, topK: asked.topK, offset: from },
    legs: legs.map((leg) => ({
      ...leg,
      query: {
        ...leg.query,
        ...asked,
        // Legs that are fused say themselves how deep they go.
        topK: search.fusion === undefined ? from + asked.topK : leg.query.topK,
      },
    })),
    reranking: { opened, wanted },
  }
}

/** The text that the search is for; empty where it has none. */
function textOf(legs: readonly PlannedLeg[]): string {
  const texts = legs.flatMap(({ target }) => (target.kind === 'text' ? [target.text] : []))
  return texts[0] ?? ''
}
