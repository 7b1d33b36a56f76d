/**
 * One kind of thing that goes wrong, and what it is given to do it.
 */
import type { FastRandom } from './fast-random.ts'
import type { Cluster } from './sim-cluster.ts'
import type { SimWorld } from './sim-world.ts'

export interface Fault {
  readonly name: string
  /** How often it strikes, beside the others that a run knows. */
  readonly weight: number
  readonly strike: (context: FaultContext) => void
}

export interface FaultContext {
  readonly world: SimWorld
  readonly cluster: Cluster
  readonly random: FastRandom
  /** Does something later, unless all was mended meanwhile. */
  readonly later: (ms: number, act: () => void) => void
}
