/** From what a search asks for to the steps that find it. */

import { assertDefined } from '@vectron/base'
import { fusedSteps } from './fuse-legs.ts'
import { groupedSteps } from './group-hits.ts'
import { nearestSteps } from './nearest.ts'
import type { PlannedSearch } from './plan-search.ts'
import type { Leg, SearchSteps } from './search-steps.ts'

export function stepsOf(
  { fusion, grouping, window }: PlannedSearch,
  legs: readonly Leg[],
): SearchSteps {
  if (fusion !== undefined) return fusedSteps(legs, fusion, window)
  const leg = assertDefined(legs[0], 'a search has a query')
  if (grouping !== undefined) return groupedSteps(leg, grouping, window)
  return nearestSteps(leg, window)
}
