/** The pages as places to go: for the navigation and the palette. */
import { PAGES } from '../pages/pages.ts'
import type { Need } from '../session/may.ts'
import type { NavPlace, PageFacts } from './root-route.ts'

/** A page without parts of its address to fill in. */
export interface Place {
  readonly to: string
  readonly title: string
  readonly nav: NavPlace | undefined
  readonly needs: Need | undefined
}

export const NAV_GROUPS = ['data', 'cluster', 'account'] as const

/** All places of those pages that a person may see, in the order of the navigation. */
export function placesFor(may: (need: Need) => boolean): Place[] {
  return PAGES.flatMap((route): Place[] => {
    const page: PageFacts | undefined = route.options.staticData?.page
    const to: string = route.fullPath
    if (page === undefined || to.includes('$')) return []
    if (page.needs !== undefined && !may(page.needs)) return []
    return [{ to, title: page.title, nav: page.nav, needs: page.needs }]
  }).sort(byNavOrder)
}

function byNavOrder({ nav: a }: Place, { nav: b }: Place): number {
  const groups: readonly string[] = NAV_GROUPS
  const rank = (nav: NavPlace | undefined) =>
    nav === undefined ? Infinity : 100 * groups.indexOf(nav.group) + nav.order
  const [left, right] = [rank(a), rank(b)]
  return left === right ? 0 : left - right
}
