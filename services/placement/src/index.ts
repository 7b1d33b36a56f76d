/** The placement driver: the only authority on metadata. See DESIGN.md. */

export type { Membership, PlacementMember } from './members.ts'
export { openPlacement, type PlacementOptions, type RunningPlacement } from './open-placement.ts'
export { CATALOG_GROUP } from './replicated-catalog.ts'
export { PLACEMENT_SETTINGS, type PlacementSettings } from './settings.ts'
