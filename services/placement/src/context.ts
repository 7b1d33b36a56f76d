/**
 * What the handlers and the driver share: the catalog, who leads, and the leader's memory.
 */

import type { Clock, Logger } from '@vectron/base'
import type { GroupStatus } from '@vectron/native'
import type { Changes } from './changes.ts'
import { EventLog } from './event-log.ts'
import { GatewayBook } from './gateway-book.ts'
import type { Leadership } from './leadership.ts'
import type { Membership } from './members.ts'
import { Observations } from './observations.ts'
import { Outbox } from './outbox.ts'
import { describeState, type Operator } from './planning/operator.ts'
import { OperatorBook } from './planning/operator-book.ts'
import type { Health } from './planning/plan-round.ts'
import type { PlanSettings } from './planning/plan-settings.ts'
import type { ReplicatedCatalog } from './replicated-catalog.ts'
import { RerankerBook } from './reranker-book.ts'
import type { PlacementSettings } from './settings.ts'

export interface PlacementContext {
  readonly catalog: Pick<ReplicatedCatalog, 'state' | 'execute'>
  readonly leadership: Pick<Leadership, 'term' | 'enter' | 'check' | 'confirm'>
  readonly membership: Membership
  /** What Raft says of the catalog's group; undefined before it is joined. */
  readonly status: () => GroupStatus | undefined
  readonly settings: PlacementSettings
  readonly clock: Clock
  readonly logger: Logger | undefined
  /** The catalog or what workers are to be told has changed. */
  readonly changes: Changes
  /** A worker has reported. */
  readonly reports: Changes
  /** Of the term in which this member leads; another object in each term. */
  readonly memory: () => LeaderMemory
}

/** Ids of events and operators of one term, at most. */
const IDS_PER_TERM = 1_000_000n

const NOTHING_KNOWN: Health = { shardsWithoutLeader: 0, shardsUnderReplicated: 0, problems: [] }

export interface LeaderMemoryOptions {
  readonly clock: Clock
  readonly term: bigint
  readonly settings: PlanSettings
  readonly logger: Logger | undefined
}

/** What only the leader knows: never replicated, begun anew with each term. */
export class LeaderMemory {
  readonly observations: Observations
  readonly gateways: GatewayBook
  readonly rerankers: RerankerBook
  readonly events: EventLog
  readonly operators: OperatorBook
  /** What leaders of shards are to be told with their worker's next answer. */
  readonly outbox = new Outbox()
  /** Counts changes of what the routing tells that are not in the catalog's version. */
  routingChanges = 0n
  /** By the last round of planning. */
  health = NOTHING_KNOWN

  constructor({ clock, term, settings, logger }: LeaderMemoryOptions) {
    const firstId = term * IDS_PER_TERM + 1n
    this.observations = new Observations(clock)
    this.gateways = new GatewayBook(clock)
    this.rerankers = new RerankerBook(clock)
    this.events = new EventLog({ clock, firstId, logger })
    this.operators = new OperatorBook(settings, firstId, (operator) =>
      this.events.add(describeEnd(operator, clock.nowMs()), operator),
    )
  }
}

function describeEnd(operator: Operator, nowMs: number): string {
  const { kind, shardId, collection, createdMs, state } = operator
  const after = `after ${((nowMs - createdMs) / 1000).toFixed(1)} s`
  return `${kind} of shard ${shardId} of ${collection} ended ${after}: ${describeState(state)}`
}
