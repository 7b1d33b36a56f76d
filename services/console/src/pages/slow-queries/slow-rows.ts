/** Slow queries as data: which are shown, and what one of them says. */
import type { Filter, SlowQuery } from '@vectron/client'
import { type LabSearch, QUERY_KINDS, TOP_K_DEFAULT } from '../search/lab-config.ts'

export interface SlowFilter {
  readonly collection?: string
  readonly method?: string
  readonly outcome?: 'ok' | 'failed'
  /** Milliseconds. */
  readonly least?: number
}

export function shownQueries(queries: readonly SlowQuery[], filter: SlowFilter): SlowQuery[] {
  const { collection, method, outcome, least = 0 } = filter
  return queries.filter(
    (query) =>
      (collection === undefined || query.collection === collection) &&
      (method === undefined || query.method === method) &&
      (outcome === undefined || (query.outcome === 'OK') === (outcome === 'ok')) &&
      query.tookUs >= 1000 * least,
  )
}

/** The names that a filter may choose from, in their order. */
export function namesOf(queries: readonly SlowQuery[], field: 'collection' | 'method'): string[] {
  return [...new Set(queries.map((query) => query[field]))].filter(Boolean).sort()
}

/** Stages in the order in which they began. */
export function inOrder(stages: SlowQuery['stages']): SlowQuery['stages'] {
  return stages.toSorted((a, b) => a.startUs - b.startUs)
}

/** The stage that took the longest, in words; undefined where none was noted. */
export function slowestStage(query: Pick<SlowQuery, 'stages'>): string | undefined {
  const [longest] = query.stages.toSorted((a, b) => b.tookUs - a.tookUs)
  return longest?.name.replaceAll('_', ' ')
}

/** The filter on lines of its own; as it is where it was cut. */
export function prettyFilter(text: string): string {
  const filter = parsedFilter(text)
  return filter === undefined ? text : JSON.stringify(filter, undefined, 2)
}

/**
 * The question of the search lab that is nearest to a query: of the same collection, with the same
 * filter and as many results. What it looked for was not kept, so that is typed there. undefined:
 * it was no question that the lab asks.
 */
export function labOf(query: SlowQuery): LabSearch | undefined {
  const { collection, target, topK } = query
  const filter = parsedFilter(query.filter)
  const isTold = topK > 0 && topK !== TOP_K_DEFAULT
  const given = { ...(isTold && { topK }), ...(filter && { filter }) }
  const by = target === '' ? 'filter' : QUERY_KINDS.find((kind) => kind === target)
  if (by === 'filter' && filter === undefined) return undefined
  return { collection, ...(by && { by }), a: given }
}

/** Without its empty clauses; undefined: there was none, or it was cut. */
function parsedFilter(text: string): Filter | undefined {
  try {
    return JSON.parse(text, (name, value) =>
      CLAUSES.has(name) && Array.isArray(value) && value.length === 0 ? undefined : value,
    ) as Filter
  } catch {
    return undefined
  }
}

const CLAUSES = new Set(['must', 'should', 'mustNot'])
