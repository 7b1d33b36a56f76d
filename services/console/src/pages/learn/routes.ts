/** Learn: a tutorial that runs. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import GraduationCap from 'lucide-react/icons/graduation-cap'
import { shellRoute } from '../../app/root-route.ts'
import { choiceParam, textParam } from '../../app/search-params.ts'
import { LANGUAGES } from './steps.ts'

export const learnRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/learn',
  validateSearch: (search: Record<string, unknown>) => ({
    ...textParam(search, 'step'),
    ...choiceParam(search, 'code', LANGUAGES),
  }),
  staticData: {
    page: {
      title: 'Learn',
      nav: { group: 'data', order: 9, icon: GraduationCap },
      example: '/learn?step=search',
    },
  },
  component: lazyRouteComponent(() => import('./learn-page.tsx'), 'LearnPage'),
})
