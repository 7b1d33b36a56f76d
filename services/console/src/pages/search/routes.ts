/** The search lab. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import FlaskConical from 'lucide-react/icons/flask-conical'
import { shellRoute } from '../../app/root-route.ts'
import { parseLab } from './lab-config.ts'

export const searchRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/search',
  validateSearch: parseLab,
  staticData: {
    page: {
      title: 'Search lab',
      nav: { group: 'data', order: 3, icon: FlaskConical },
      example: '/search?collection=dictionary&by=id&q=n02086723',
    },
  },
  component: lazyRouteComponent(() => import('./search-page.tsx'), 'SearchPage'),
})
