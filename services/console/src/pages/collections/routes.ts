/** Collections: the list, the wizard, and one collection. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import Database from 'lucide-react/icons/database'
import { shellRoute } from '../../app/root-route.ts'
import { textParam } from '../../app/search-params.ts'

export const collectionsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/collections',
  validateSearch: (search: Record<string, unknown>) => ({ ...textParam(search, 'find') }),
  staticData: {
    page: {
      title: 'Collections',
      nav: { group: 'data', order: 2, icon: Database },
      example: '/collections',
    },
  },
  component: lazyRouteComponent(() => import('./collections-page.tsx'), 'CollectionsPage'),
})

export const newCollectionRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/collections/new',
  staticData: {
    page: { title: 'New collection', needs: 'admin', example: '/collections/new' },
  },
  component: lazyRouteComponent(() => import('./new-collection-page.tsx'), 'NewCollectionPage'),
})

export const collectionRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/collections/$name',
  staticData: { page: { title: 'Collection', example: '/collections/dictionary' } },
  component: lazyRouteComponent(() => import('./collection-page.tsx'), 'CollectionPage'),
})
