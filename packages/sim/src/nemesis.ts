/**
 * What goes wrong in a run, and when: drawn from the seed.
 *
 * Each run knows only some kinds of faults ("swarm testing"): one that is always there hides
 * others.
 */
import type { FastRandom } from './fast-random.ts'
import type { Fault, FaultContext } from './fault.ts'
import { LINK_FAULTS } from './link-faults.ts'
import { MEMBERSHIP_FAULTS } from './membership-faults.ts'
import { PROCESS_FAULTS } from './process-faults.ts'
import type { Cluster } from './sim-cluster.ts'
import type { SimWorld } from './sim-world.ts'

const FAULTS: readonly Fault[] = [...PROCESS_FAULTS, ...LINK_FAULTS, ...MEMBERSHIP_FAULTS]

/** Part of the kinds of faults that one run knows. */
const KNOWN_PART = 0.6
/** Milliseconds between two faults, on average: in some runs few, in some many. */
const PAUSE_MS_MIN = 300
const PAUSE_MS_MAX = 3000

export class Nemesis {
  readonly #context: FaultContext
  readonly #random: FastRandom
  readonly #faults: readonly (readonly [Fault, number])[]
  readonly #pauseMs: number
  #isOver = false

  constructor(world: SimWorld, cluster: Cluster) {
    const random = world.randomFor('nemesis')
    const later = (ms: number, act: () => void) => {
      world.clock.setTimer(ms, () => {
        if (!this.#isOver) act()
      })
    }
    this.#context = { world, cluster, random, later }
    this.#random = random
    const known = FAULTS.filter(() => random.chance(KNOWN_PART))
    const chosen = known.length > 0 ? known : FAULTS
    this.#faults = chosen.map((fault) => [fault, fault.weight])
    this.#pauseMs = random.between(PAUSE_MS_MIN, PAUSE_MS_MAX)
  }

  start(): void {
    this.#context.later(this.#random.between(0, 2 * this.#pauseMs), () => {
      this.#random.pickWeighted(this.#faults).strike(this.#context)
      this.start()
    })
  }

  /** All that is broken is mended, and nothing more is broken. */
  heal(): void {
    const { world, cluster } = this.#context
    this.#isOver = true
    world.trace.add('sim', 'heal')
    world.network.heal()
    for (const process of cluster.processes) {
      process.resume()
      process.disk.mend()
      process.skewClock(0)
      process.start()
    }
  }
}
