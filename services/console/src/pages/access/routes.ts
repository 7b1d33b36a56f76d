/** Access: who may do what: API keys, members, and the record of what was done. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import KeyRound from 'lucide-react/icons/key-round'
import { shellRoute } from '../../app/root-route.ts'
import { choiceParam, textParam } from '../../app/search-params.ts'

export const ACCESS_TABS = ['keys', 'members'] as const

export const accessRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/access',
  validateSearch: (search: Record<string, unknown>) => ({
    ...choiceParam(search, 'tab', ACCESS_TABS),
    ...textParam(search, 'find'),
  }),
  staticData: {
    page: {
      title: 'Access',
      nav: { group: 'account', order: 1, icon: KeyRound },
      example: '/access',
    },
  },
  component: lazyRouteComponent(() => import('./access-page.tsx'), 'AccessPage'),
})

export const newKeyRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/access/keys/new',
  staticData: { page: { title: 'New API key', needs: 'admin', example: '/access/keys/new' } },
  component: lazyRouteComponent(() => import('./new-key-page.tsx'), 'NewKeyPage'),
})

export const keyRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/access/keys/$keyId',
  validateSearch: (search: Record<string, unknown>) => ({
    ...textParam(search, 'operation'),
    ...textParam(search, 'collection'),
  }),
  component: lazyRouteComponent(() => import('./key-page.tsx'), 'KeyPage'),
})
