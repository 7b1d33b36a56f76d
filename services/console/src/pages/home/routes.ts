/** Home: `/`. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import House from 'lucide-react/icons/house'
import { shellRoute } from '../../app/root-route.ts'

export const homeRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/',
  staticData: {
    page: { title: 'Home', nav: { group: 'data', order: 1, icon: House }, example: '/' },
  },
  component: lazyRouteComponent(() => import('./home-page.tsx'), 'HomePage'),
})
