/**
 * What all parts of one simulated run share.
 */
import type { GroupStatus } from '@vectron/native'
import type { HostLimits } from '@vectron/raft'
import type { SimClock } from '@vectron/testkit'
import type { AliasHistory } from './alias-history.ts'
import type { CatalogOracle } from './catalog-oracle.ts'
import type { FastRandom } from './fast-random.ts'
import type { PlantedBug } from './planted-bugs.ts'
import type { RaftOracle } from './raft-oracle.ts'
import type { ShardOracle } from './shard-oracle.ts'
import type { SimNetwork } from './sim-network.ts'
import type { SimRpc } from './sim-rpc.ts'
import type { SimTrace } from './sim-trace.ts'
import type { SimRaftNetwork } from './sim-transport.ts'
import type { Violations } from './violation.ts'

export interface SimWorld {
  readonly seed: bigint
  readonly clock: SimClock
  readonly network: SimNetwork
  readonly rpc: SimRpc
  /** Raft between workers, and between placement members: their node ids count apart. */
  readonly raftNetworks: Readonly<Record<'worker' | 'placement', SimRaftNetwork>>
  readonly trace: SimTrace
  readonly violations: Violations
  readonly raftOracle: RaftOracle
  readonly shardOracle: ShardOracle
  readonly catalogOracle: CatalogOracle
  readonly aliases: AliasHistory
  /** Grows with each skew of a clock. */
  readonly clockError: { behindMs: number; aheadMs: number }
  readonly limits: HostLimits
  readonly planted: PlantedBug | undefined
  /** A stream of random numbers of its own for each part of the run. */
  randomFor(part: string): FastRandom
}

/** A change of a replica's role, as people read it in a trace. */
export function describeStatus({ group, role, term, leader }: GroupStatus): string {
  return `group ${group}: ${role} of term ${term}, leader ${leader}`
}
