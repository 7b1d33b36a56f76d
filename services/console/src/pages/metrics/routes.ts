/**
 * Metrics: charts of the last minutes, live. For operators.
 *
 * At `/charts`: `/metrics` of a gateway is for Prometheus.
 */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import Activity from 'lucide-react/icons/activity'
import { shellRoute } from '../../app/root-route.ts'
import { choiceParam } from '../../app/search-params.ts'

export const WINDOWS = ['1m', '5m', '15m', '1h'] as const
export type Window = (typeof WINDOWS)[number]

export const metricsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/charts',
  validateSearch: (search: Record<string, unknown>) => ({
    ...choiceParam(search, 'window', WINDOWS),
  }),
  staticData: {
    page: {
      title: 'Metrics',
      nav: { group: 'cluster', order: 2, icon: Activity },
      needs: 'operator',
      example: '/charts',
    },
  },
  component: lazyRouteComponent(() => import('./metrics-page.tsx'), 'MetricsPage'),
})
