/**
 * What must hold of the catalog's commands when they are committed, seen from above.
 *
 *   a learner is promoted only when it has nearly all that its leader has
 *
 * Passes on what aliases point to (alias-history.ts).
 */
import { fromBinary } from '@bufbuild/protobuf'
import { placement } from '@vectron/contracts'
import type { CommittedEntry } from '@vectron/native'
import type { AliasHistory } from './alias-history.ts'
import { takeCensus } from './replica-census.ts'
import type { Cluster } from './sim-cluster.ts'
import type { Violations } from './violation.ts'

/**
 * Entries that a learner may lack when it is promoted: what placement allows, and what a leader has
 * written since it reported.
 */
const LAG_MAX = 40n

export class CatalogOracle {
  readonly #violations: Violations
  readonly #aliases: AliasHistory
  #cluster: Cluster | undefined
  /** Entries of the catalog that were looked at. */
  #seen = 0n

  constructor(violations: Violations, aliases: AliasHistory) {
    this.#violations = violations
    this.#aliases = aliases
  }

  watch(cluster: Cluster): void {
    this.#cluster = cluster
  }

  /** Each member commits each entry; the first one counts. */
  onCommitted(entries: readonly CommittedEntry[]): void {
    for (const { index, kind, data } of entries) {
      if (kind !== 'command' || index <= this.#seen) continue
      this.#seen = index
      const { command } = fromBinary(placement.CatalogCommandSchema, data)
      if (command.case === 'promoteReplica') this.#checkPromotion(command.value)
      if (command.case === 'changeAliases') this.#aliases.onCommitted(command.value)
    }
  }

  #checkPromotion({ shardId, replicaId }: placement.PromoteReplica): void {
    const replicas = (this.#cluster && takeCensus(this.#cluster).get(shardId)) ?? []
    const leader = replicas.find(({ status }) => status.role === 'leader')
    const learner = replicas.find(({ replica }) => replica === replicaId)
    if (leader === undefined || learner === undefined) return
    const [own, all] = [learner.status.lastIndex, leader.status.lastIndex]
    this.#violations.check(
      own + LAG_MAX >= all && own > 0n,
      'a learner is promoted only when it has caught up',
      () => `replica ${replicaId} of shard ${shardId} has ${own} entries of ${all}`,
    )
  }
}
