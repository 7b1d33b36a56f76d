/** Playground: any call of the API, with the person's own session. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import SquareTerminal from 'lucide-react/icons/square-terminal'
import { shellRoute } from '../../app/root-route.ts'
import { textParam } from '../../app/search-params.ts'

export const playgroundRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/playground',
  validateSearch: (search: Record<string, unknown>) => ({
    ...textParam(search, 'operation'),
    ...textParam(search, 'body'),
    ...parametersParam(search),
  }),
  staticData: {
    page: {
      title: 'Playground',
      nav: { group: 'data', order: 8, icon: SquareTerminal },
      example: '/playground?operation=search&with=%7B%22collection%22%3A%22dictionary%22%7D',
    },
  },
  component: lazyRouteComponent(() => import('./playground-page.tsx'), 'PlaygroundPage'),
})

/** Parameters of the path and the query, by name. */
export type Parameters = Readonly<Record<string, string>>

function parametersParam(search: Readonly<Record<string, unknown>>): {
  readonly with?: Parameters
} {
  const given = search['with']
  if (typeof given !== 'object' || given === null) return {}
  const texts = Object.entries(given).map(([name, value]) => [name, String(value)])
  return { with: Object.fromEntries(texts) }
}
