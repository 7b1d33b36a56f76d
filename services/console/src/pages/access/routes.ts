/** Access: who may do what: API keys, members, and the record of what was done. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import KeyRound from 'lucide-react/icons/key-round'
import { shellRoute } from '../../app/root-route.ts'
import { choiceParam, textParam } from '../../app/search-params.ts'

export const ACCESS_TABS = ['keys', 'members', 'audit'] as const

/** Days of each span of the audit. */
export const AUDIT_SPANS = {
  'last day': 1,
  'last 7 days': 7,
  'last 30 days': 30,
} as const
const SPAN_NAMES = Object.keys(AUDIT_SPANS) as (keyof typeof AUDIT_SPANS)[]

const RESULTS = ['ok', 'refused'] as const
const YES = ['yes'] as const

export interface AccessSearch {
  readonly tab?: (typeof ACCESS_TABS)[number]
  /** Part of a key's name or id. */
  readonly find?: string
  // Of the audit.
  readonly actor?: string
  readonly action?: string
  readonly subject?: string
  readonly result?: 'ok' | 'refused'
  readonly span?: keyof typeof AUDIT_SPANS
  readonly all?: 'yes'
}

function readSearch(search: Record<string, unknown>): AccessSearch {
  return {
    ...choiceParam(search, 'tab', ACCESS_TABS),
    ...textParam(search, 'find'),
    ...textParam(search, 'actor'),
    ...textParam(search, 'action'),
    ...textParam(search, 'subject'),
    ...choiceParam(search, 'result', RESULTS),
    ...choiceParam(search, 'span', SPAN_NAMES),
    ...choiceParam(search, 'all', YES),
  }
}

export const accessRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/access',
  validateSearch: readSearch,
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
