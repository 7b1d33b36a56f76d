/** The placement driver: the only authority on metadata. See DESIGN.md. */

export { openPlacement, type PlacementOptions, type RunningPlacement } from './open-placement.ts'
