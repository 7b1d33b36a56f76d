/**
 * The two routes under which all pages hang: `rootRoute` for pages without the frame (sign in), and
 * `shellRoute` for those inside it. Pages import these; what they show is set in router.tsx.
 */
import { createRootRoute, createRoute, retainSearchParams } from '@tanstack/react-router'
import type { ComponentType } from 'react'
import type { Need } from '../session/may.ts'
import { textParam } from './search-params.ts'

/** What a page says of itself; `staticData` of its route. */
export interface PageFacts {
  /** For the title of the window and the palette. */
  readonly title: string
  /** Left out: the page has no place in the navigation. */
  readonly nav?: NavPlace
  /** Who may see it. Default: whoever is signed in. */
  readonly needs?: Need
  /** An address at which it shows something with the demo data loaded; for checks and pictures. */
  readonly example: string
}

export interface NavPlace {
  readonly group: 'data' | 'cluster' | 'account'
  /** Within the group, ascending. */
  readonly order: number
  readonly icon: ComponentType<{ readonly size?: number | string }>
}

declare module '@tanstack/react-router' {
  interface StaticDataRouteOption {
    readonly page?: PageFacts
  }
}

/** What every address may hold. */
export interface RootSearch {
  /** The project that the view is about; left out: the first of the person's. */
  readonly project?: string
}

export const rootRoute = createRootRoute({
  validateSearch: (search: Record<string, unknown>): RootSearch => ({
    ...textParam(search, 'project'),
  }),
  search: { middlewares: [retainSearchParams(['project'])] },
})

export const shellRoute = createRoute({ getParentRoute: () => rootRoute, id: 'shell' })
