/** What an operator of the cluster may set of placement, with the defaults and their reasons. */

import type { SilenceLimits } from './observations.ts'
import { PLAN_SETTINGS, type PlanSettings } from './planning/plan-settings.ts'

export interface PlacementSettings extends SilenceLimits {
  /** Milliseconds between two looks of the driver at what runs. */
  readonly tickMs: number
  /** Least milliseconds between two rounds of planning over the whole cluster. */
  readonly roundMs: number
  readonly plan: PlanSettings
}

export const PLACEMENT_SETTINGS: PlacementSettings = {
  // Five missed heartbeats.
  silentMs: 5_000,
  // Longer than a restart of a worker: rebuilding its replicas costs more than waiting for it.
  deadMs: 60_000,
  tickMs: 200,
  roundMs: 1_000,
  plan: PLAN_SETTINGS,
}
