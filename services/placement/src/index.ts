/** The placement driver: the only authority on metadata. See DESIGN.md. */

export { Catalog } from './catalog.ts'
export type { Membership, PlacementMember } from './members.ts'
export { Observations } from './observations.ts'
export {
  type MeetingWays,
  openPlacement,
  type PlacementOptions,
  type RunningPlacement,
} from './open-placement.ts'
export { buildView } from './planning/build-view.ts'
export { planRound } from './planning/plan-round.ts'
export { CATALOG_GROUP } from './replicated-catalog.ts'
export { PLACEMENT_SETTINGS } from './settings.ts'
