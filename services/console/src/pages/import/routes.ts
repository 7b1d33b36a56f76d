/** Points out of files. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import Upload from 'lucide-react/icons/upload'
import { shellRoute } from '../../app/root-route.ts'
import { textParam } from '../../app/search-params.ts'

export const importRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/import',
  /** `collection`: into which one; left out: a new one. */
  validateSearch: (search: Record<string, unknown>) => ({ ...textParam(search, 'collection') }),
  staticData: {
    page: {
      title: 'Import',
      nav: { group: 'data', order: 6, icon: Upload },
      needs: 'write',
      example: '/import',
    },
  },
  component: lazyRouteComponent(() => import('./import-page.tsx'), 'ImportPage'),
})
