/** Account: the person's own name and password, projects and usage. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import CircleUser from 'lucide-react/icons/circle-user'
import { shellRoute } from '../../app/root-route.ts'

/** Days of usage that can be shown. */
export const USAGE_DAYS = [7, 30, 90] as const

export const accountRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/account',
  validateSearch: readSearch,
  staticData: {
    page: {
      title: 'Account',
      nav: { group: 'account', order: 9, icon: CircleUser },
      example: '/account',
    },
  },
  component: lazyRouteComponent(() => import('./account-page.tsx'), 'AccountPage'),
})

export interface AccountSearch {
  readonly days?: (typeof USAGE_DAYS)[number]
}

function readSearch({ days }: Record<string, unknown>): AccountSearch {
  const known = USAGE_DAYS.find((each) => each === days)
  return known === undefined ? {} : { days: known }
}
