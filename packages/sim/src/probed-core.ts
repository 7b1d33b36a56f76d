/**
 * A RaftCore that tells the oracle what it does; else exactly the core behind it.
 */
import type {
  CommittedEntry,
  CreateGroupOptions,
  GroupStatus,
  OutgoingMessage,
  PollResult,
  RaftCore,
} from '@vectron/native'
import { DelegatingCore } from './delegating-core.ts'
import type { RaftOracle, ReplicaLife } from './raft-oracle.ts'

export interface ProbedCoreOptions {
  readonly oracle: RaftOracle
  readonly process: string
  /** A group's name for the oracle: groups of workers and of placement count separately. */
  readonly nameOf: (group: bigint) => string
  readonly onStatus: (status: GroupStatus) => void
  readonly onCommitted?: (entries: readonly CommittedEntry[]) => void
}

export class ProbedCore extends DelegatingCore {
  readonly #options: ProbedCoreOptions
  readonly #lives = new Map<bigint, ReplicaLife>()

  constructor(core: RaftCore, options: ProbedCoreOptions) {
    super(core)
    this.#options = options
  }

  /** Replica ids by group. */
  get replicas(): ReadonlyMap<bigint, bigint> {
    return new Map([...this.#lives].map(([group, { replica }]) => [group, replica]))
  }

  override createGroup(options: CreateGroupOptions): void {
    const { group, replica, recovered, applied } = options
    const { oracle, process, nameOf } = this.#options
    const life = { process, group: nameOf(group), replica, applied }
    oracle.onCreated(life, recovered === undefined)
    this.#lives.set(group, life)
    super.createGroup(options)
  }

  override destroyGroup(group: bigint): void {
    this.#lives.delete(group)
    super.destroyGroup(group)
  }

  override poll(): PollResult | undefined {
    const { oracle, onStatus, onCommitted } = this.#options
    const poll = super.poll()
    for (const status of poll?.changed ?? []) {
      const life = this.#lives.get(status.group)
      if (life !== undefined) oracle.onStatus(life, status)
      onStatus(status)
    }
    for (const { group, entries } of poll?.committed ?? []) {
      const life = this.#lives.get(group)
      if (life !== undefined) oracle.onCommitted(life, entries)
      onCommitted?.(entries)
    }
    return poll
  }

  override persisted(batch: bigint): readonly OutgoingMessage[] {
    for (const life of this.#lives.values()) this.#options.oracle.onDurable(life)
    return super.persisted(batch)
  }

  override applied(group: bigint, index: bigint): void {
    const life = this.#lives.get(group)
    if (life !== undefined) this.#options.oracle.onApplied(life, index)
    super.applied(group, index)
  }
}
