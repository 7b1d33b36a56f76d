/**
 * What a worker does for the groups that it leads, beside serving them: it brings their members to
 * what is assigned, and gives leadership away before it closes.
 *
 * Steps may be lost with a message or a leadership, so they are taken again on a timer until there
 * are none left. A worker that closes without handing over costs each of its shards an election.
 */
import { type CancelTimer, type Clock, type Logger, sleep } from '@vectron/base'
import type { ShardRegistry } from './shard-registry.ts'

export interface LeaderDutiesOptions {
  readonly registry: ShardRegistry
  readonly clock: Clock
  readonly logger: Logger
}

/** Milliseconds between steps towards assigned members: about a round of heartbeats. */
const TEND_EVERY_MS = 200
/** Milliseconds that closing waits for others to lead: they need a round trip, or are not there. */
const HAND_OVER_MS_MAX = 2000
const LOOK_EVERY_MS = 10

export class LeaderDuties {
  readonly #options: LeaderDutiesOptions
  #cancel: CancelTimer

  constructor(options: LeaderDutiesOptions) {
    this.#options = options
    this.#cancel = this.#schedule()
  }

  /** Settles when no group that has another voter is led from here, or after a short while. */
  async handOver(): Promise<void> {
    this.#cancel()
    const { registry, clock, logger } = this.#options
    const endUs = clock.monotonicUs() + HAND_OVER_MS_MAX * 1000
    let led = registry.handOver()
    while (led > 0 && clock.monotonicUs() < endUs) {
      await sleep(clock, LOOK_EVERY_MS)
      led = registry.handOver()
    }
    if (led > 0) logger.warn({ shards: led }, 'shards are still led from here')
  }

  #schedule(): CancelTimer {
    const { clock, registry } = this.#options
    return clock.setTimer(TEND_EVERY_MS, () => {
      this.#cancel = this.#schedule()
      registry.tendMembers()
    })
  }
}
