/** The results of searches in the order that their callers get: reranked where they ask for it. */

import { assertDefined } from '@vectron/base'
import type { vectron } from '@vectron/contracts'
import type { GatewayContext } from '../context.ts'
import { inOwnOrder } from '../rerank/rerank-stage.ts'
import { higherIsNearer } from './merge.ts'
import type { PlannedSearch } from './plan-search.ts'
import type { SearchJob } from './search-job.ts'
import type { Gathered } from './search-steps.ts'

export interface Ordered extends Gathered {
  /** How they were reranked. */
  readonly rerank: vectron.RerankReport | undefined
}

/** One for each search of the job, in its order. */
export async function orderAll(
  { rerank }: GatewayContext,
  { route, searches, deadline, stages }: SearchJob,
  gathered: readonly Gathered[],
): Promise<Ordered[]> {
  if (searches.every(({ reranking }) => reranking === undefined)) return gathered.map(asFound)
  const collection = route.name
  const isDistance = !higherIsNearer(route.collection.metric)
  const orderOne = async (found: Gathered, index: number): Promise<Ordered> => {
    const { reranking, fusion } = assertDefined(searches[index], 'a search for what is found')
    if (reranking === undefined) return asFound(found)
    const { opened, wanted } = reranking
    // Of fused scores the higher is better, whatever those of the legs mean.
    const lowerIsBetter = isDistance && fusion === undefined
    const request = { collection, lowerIsBetter, points: found.points, wanted, deadline }
    const { points, report } = await rerank.rank(opened, request)
    return { ...found, points, rerank: report }
  }
  return stages.time('rerank', () => someAtATime(gathered, orderOne))
}

/** Of a batch only some are at the reranker at once: each sends copies of its candidates. */
const AT_ONCE = 8

async function someAtATime<T, R>(
  items: readonly T[],
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = []
  const waiting = items.entries()
  const workers = Array.from({ length: Math.min(AT_ONCE, items.length) }, async () => {
    for (const [index, item] of waiting) results[index] = await work(item, index)
  })
  await Promise.all(workers)
  return results
}

/** Of an answer on the way to the complete one, which alone is reranked. */
export function orderEarly({ reranking }: PlannedSearch, found: Gathered): Ordered {
  if (reranking === undefined) return asFound(found)
  const { opened, wanted } = reranking
  return asFound({ ...found, points: inOwnOrder(opened, found.points, wanted) })
}

function asFound(found: Gathered): Ordered {
  return { ...found, rerank: undefined }
}
