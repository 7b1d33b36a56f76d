/** Sign in and register: the only pages for people who are not known yet. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { rootRoute } from '../../app/root-route.ts'
import { textParam } from '../../app/search-params.ts'

/** Where to go afterwards. */
const validateSearch = (search: Record<string, unknown>) => ({ ...textParam(search, 'next') })

export const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sign-in',
  validateSearch,
  staticData: { page: { title: 'Sign in', example: '/sign-in' } },
  component: lazyRouteComponent(() => import('./sign-in-page.tsx'), 'SignInPage'),
})

export const registerRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/register',
  validateSearch,
  staticData: { page: { title: 'Register', example: '/register' } },
  component: lazyRouteComponent(() => import('./register-page.tsx'), 'RegisterPage'),
})
