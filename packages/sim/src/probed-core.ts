/**
 * A RaftCore that tells the oracle what it does; else exactly the core behind it.
 */
import { fromBinary } from '@bufbuild/protobuf'
import { raft } from '@vectron/contracts'
import type {
  CommittedEntry,
  CreateGroupOptions,
  GroupStatus,
  OutgoingMessage,
  PollResult,
  RaftCore,
} from '@vectron/native'
import { DelegatingCore } from './delegating-core.ts'
import { toldVote, type Vote } from './eraft-wire.ts'
import type { RaftOracle, ReplicaLife } from './raft-oracle.ts'

/** Zero where the disk has nothing. */
export interface DurableState {
  readonly replica: bigint
  readonly vote: Vote
}

export interface ProbedCoreOptions {
  readonly oracle: RaftOracle
  readonly process: string
  /** A group's name for the oracle: groups of workers and of placement count separately. */
  readonly nameOf: (group: bigint) => string
  /** What the process's disk has of a group. */
  readonly durable: (group: bigint) => DurableState
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
    const confIndex =
      recovered === undefined ? 0n : fromBinary(raft.LogRecordSchema, recovered).confIndex
    const life = { process, group: nameOf(group), replica, confIndex, applied }
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
    this.#checkVotes(poll?.messages ?? [])
    return poll
  }

  override persisted(batch: bigint): readonly OutgoingMessage[] {
    const { oracle, durable } = this.#options
    for (const [group, life] of this.#lives) {
      if (durable(group).replica === life.replica) oracle.onDurable(life)
    }
    const messages = super.persisted(batch)
    this.#checkVotes(messages)
    return messages
  }

  override applyConfChange(group: bigint, index: bigint, change: Uint8Array): void {
    const before = this.#describeMembers(group)
    super.applyConfChange(group, index, change)
    const life = this.#lives.get(group)
    if (life === undefined) return
    const effect = { before, after: this.#describeMembers(group) }
    this.#options.oracle.onConfChange(life, index, effect)
  }

  override applied(group: bigint, index: bigint): void {
    const life = this.#lives.get(group)
    if (life !== undefined) this.#options.oracle.onApplied(life, index)
    super.applied(group, index)
  }

  #checkVotes(messages: readonly OutgoingMessage[]): void {
    for (const { group, data } of messages) {
      const vote = toldVote(data)
      const life = this.#lives.get(group)
      if (vote === undefined || life === undefined) continue
      this.#options.oracle.onVoteTold(life, vote, this.#options.durable(group).vote)
    }
  }

  #describeMembers(group: bigint): string {
    const status = this.core.status(group)
    if (status === undefined) return 'nothing'
    const { membershipVersion, voters, votersOutgoing, learners } = status
    return `version ${membershipVersion} of ${voters} (${votersOutgoing}) with ${learners}`
  }
}
