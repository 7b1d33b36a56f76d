/** Account: the person's own name and password. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import CircleUser from 'lucide-react/icons/circle-user'
import { shellRoute } from '../../app/root-route.ts'

export const accountRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/account',
  staticData: {
    page: {
      title: 'Account',
      nav: { group: 'account', order: 9, icon: CircleUser },
      example: '/account',
    },
  },
  component: lazyRouteComponent(() => import('./account-page.tsx'), 'AccountPage'),
})
