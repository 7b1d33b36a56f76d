/** Slow queries as data: which are shown, and what one of them says. */
import type { SlowQuery } from '@vectron/client'

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

/** The stage that took the longest; undefined where none was noted. */
export function slowestStage(query: Pick<SlowQuery, 'stages'>): string | undefined {
  return query.stages.toSorted((a, b) => b.tookUs - a.tookUs)[0]?.name
}

/** The filter on lines of its own; as it is where it was cut. */
export function prettyFilter(filter: string): string {
  try {
    return JSON.stringify(JSON.parse(filter), undefined, 2)
  } catch {
    return filter
  }
}
