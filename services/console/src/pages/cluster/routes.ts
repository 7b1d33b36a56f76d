/** Cluster: workers, shards, moves, events. For operators. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import Server from 'lucide-react/icons/server'
import { shellRoute } from '../../app/root-route.ts'
import { choiceParam, countParam, textParam } from '../../app/search-params.ts'

export const clusterRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/cluster',
  validateSearch: (search: Record<string, unknown>) => ({
    /** A part of a collection's name, or a shard's id. */
    ...textParam(search, 'find'),
    /** Shards that lack something, or on one worker. */
    ...choiceParam(search, 'only', ['troubled'] as const),
    /** The shard that is open. */
    ...countParam(search, 'shard'),
  }),
  staticData: {
    page: {
      title: 'Cluster',
      nav: { group: 'cluster', order: 1, icon: Server },
      needs: 'operator',
      example: '/cluster',
    },
  },
  component: lazyRouteComponent(() => import('./cluster-page.tsx'), 'ClusterPage'),
})
