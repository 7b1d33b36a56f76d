/**
 * EventLog: what the driver did and noticed, and why; the last of it, in memory.
 */

import { create } from '@bufbuild/protobuf'
import type { Clock, Logger } from '@vectron/base'
import { placement } from '@vectron/contracts'

/** Events kept. A drain of a worker with 300 replicas gives about 600. */
const EVENTS_MAX = 1000

export interface EventSubject {
  readonly workerId?: bigint
  readonly shardId?: bigint
  readonly operatorId?: bigint
}

export interface EventLogOptions {
  readonly clock: Clock
  /** Above the ids of all earlier logs. */
  readonly firstId: bigint
  readonly logger: Logger | undefined
}

export class EventLog {
  readonly #options: EventLogOptions
  readonly #events: placement.ClusterEvent[] = []
  #nextId: bigint

  constructor(options: EventLogOptions) {
    this.#options = options
    this.#nextId = options.firstId
  }

  add(text: string, { workerId, shardId, operatorId }: EventSubject = {}): void {
    const subject = {
      ...(workerId === undefined ? {} : { workerId }),
      ...(shardId === undefined ? {} : { shardId }),
      ...(operatorId === undefined ? {} : { operatorId }),
    }
    const { clock, logger } = this.#options
    const event = { ...subject, text, eventId: this.#nextId, timeMs: BigInt(clock.nowMs()) }
    this.#nextId += 1n
    logger?.info(subject, text)
    this.#events.push(create(placement.ClusterEventSchema, event))
    if (this.#events.length > EVENTS_MAX) this.#events.shift()
  }

  /** Those after the event given, oldest first. */
  after(eventId: bigint): placement.ClusterEvent[] {
    return this.#events.filter((event) => event.eventId > eventId)
  }
}
