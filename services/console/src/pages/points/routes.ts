/** The points of one collection. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import type { Filter } from '@vectron/client'
import { shellRoute } from '../../app/root-route.ts'
import { countParam, textParam, textsParam } from '../../app/search-params.ts'
import { parseFilter } from './parse-filter.ts'

export interface PointsSearch {
  readonly filter?: Filter
  /** Payload fields, by their dotted paths. */
  readonly columns?: readonly string[]
  /** The row that keys act on. */
  readonly row?: number
  /** The id of the point that is open. */
  readonly point?: string
}

export const pointsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/collections/$name/points',
  validateSearch: (search: Record<string, unknown>): PointsSearch => ({
    ...filterParam(search),
    ...textsParam(search, 'columns'),
    ...countParam(search, 'row'),
    ...textParam(search, 'point'),
  }),
  staticData: {
    page: { title: 'Points', example: '/collections/dictionary/points' },
  },
  component: lazyRouteComponent(() => import('./points-page.tsx'), 'PointsPage'),
})

function filterParam({ filter }: Record<string, unknown>): { readonly filter?: Filter } {
  if (filter === undefined) return {}
  const parsed = parseFilter(filter)
  return parsed.kind === 'filter' ? { filter: parsed.filter } : {}
}
