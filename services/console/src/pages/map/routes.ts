/** The map of a collection. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import ChartScatter from 'lucide-react/icons/chart-scatter'
import { shellRoute } from '../../app/root-route.ts'
import { choiceParam, textParam } from '../../app/search-params.ts'

export const mapRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/map',
  validateSearch: (search: Record<string, unknown>) => ({
    ...textParam(search, 'collection'),
    /** How it is projected; left out: PCA. */
    ...choiceParam(search, 'by', ['umap'] as const),
    /** Payload field. */
    ...textParam(search, 'color'),
    /** A text, or the id of a point, whose place is asked for. */
    ...textParam(search, 'pin'),
    /** Drawn without WebGL, as where there is none. */
    ...choiceParam(search, 'draw', ['canvas'] as const),
  }),
  staticData: {
    page: {
      title: 'Map',
      nav: { group: 'data', order: 4, icon: ChartScatter },
      example: '/map?collection=dictionary&color=pos',
    },
  },
  component: lazyRouteComponent(() => import('./map-page.tsx'), 'MapPage'),
})
