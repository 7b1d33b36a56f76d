/**
 * What the handlers and the driver share: the catalog, who leads, and the leader's memory.
 */

import type { Clock } from '@vectron/base'
import type { Changes } from './changes.ts'
import { EventLog } from './event-log.ts'
import type { Leadership } from './leadership.ts'
import type { Membership } from './members.ts'
import { Observations } from './observations.ts'
import type { ReplicatedCatalog } from './replicated-catalog.ts'
import type { PlacementSettings } from './settings.ts'

export interface PlacementContext {
  readonly catalog: ReplicatedCatalog
  readonly leadership: Leadership
  readonly membership: Membership
  readonly settings: PlacementSettings
  readonly clock: Clock
  /** The catalog or what workers are to be told has changed. */
  readonly changes: Changes
  /** A worker has reported. */
  readonly reports: Changes
  /** Of the term in which this member leads; another object in each term. */
  readonly memory: () => LeaderMemory
}

/** Ids of events and operators of one term, at most. */
const IDS_PER_TERM = 1_000_000n

/** What only the leader knows: never replicated, begun anew with each term. */
export class LeaderMemory {
  readonly observations: Observations
  readonly events: EventLog
  /** Counts changes of what the routing tells that are not in the catalog's version. */
  routingChanges = 0n

  constructor(clock: Clock, term: bigint) {
    this.observations = new Observations(clock)
    this.events = new EventLog(clock, term * IDS_PER_TERM + 1n)
  }
}
