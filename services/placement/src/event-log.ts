/**
 * EventLog: what the driver did and noticed, and why; the last of it, in memory.
 */

import { create } from '@bufbuild/protobuf'
import type { Clock } from '@vectron/base'
import { placement } from '@vectron/contracts'

/** Events kept. A drain of a worker with 300 replicas gives about 600. */
const EVENTS_MAX = 1000

export interface EventSubject {
  readonly workerId?: bigint
  readonly shardId?: bigint
  readonly operatorId?: bigint
}

export class EventLog {
  readonly #clock: Clock
  readonly #events: placement.ClusterEvent[] = []
  #nextId: bigint

  /** `firstId`: above those of all earlier logs. */
  constructor(clock: Clock, firstId: bigint) {
    this.#clock = clock
    this.#nextId = firstId
  }

  add(text: string, subject: EventSubject = {}): void {
    const event = { ...subject, text, eventId: this.#nextId, timeMs: BigInt(this.#clock.nowMs()) }
    this.#nextId += 1n
    this.#events.push(create(placement.ClusterEventSchema, event))
    if (this.#events.length > EVENTS_MAX) this.#events.shift()
  }

  /** Those after the event given, oldest first. */
  after(eventId: bigint): placement.ClusterEvent[] {
    return this.#events.filter((event) => event.eventId > eventId)
  }
}
