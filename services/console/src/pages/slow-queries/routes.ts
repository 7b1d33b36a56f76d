/** Searches and reads that took long. For admins of the project; operators see those of all. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import Hourglass from 'lucide-react/icons/hourglass'
import { shellRoute } from '../../app/root-route.ts'
import { choiceParam, countParam, textParam } from '../../app/search-params.ts'

export const slowQueriesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/slow-queries',
  validateSearch: (search: Record<string, unknown>) => ({
    ...textParam(search, 'collection'),
    ...textParam(search, 'method'),
    ...choiceParam(search, 'outcome', ['ok', 'failed'] as const),
    /** Milliseconds that it took at least. */
    ...countParam(search, 'least'),
    /** Request id of the one that is open. */
    ...textParam(search, 'request'),
  }),
  staticData: {
    page: {
      title: 'Slow queries',
      nav: { group: 'cluster', order: 3, icon: Hourglass },
      needs: 'admin',
      example: '/slow-queries',
    },
  },
  component: lazyRouteComponent(() => import('./slow-queries-page.tsx'), 'SlowQueriesPage'),
})
