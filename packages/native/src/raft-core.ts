/**
 * RaftCore: the Raft state machines of all groups of a process: no clock, thread, socket or file.
 *
 * Lists the same calls in the same order as raft_core.rs. Whatever it throws is a VectronError.
 */
import { loadAddon } from './addon.ts'
import { throwTranslated } from './failure.ts'

export interface RaftCoreOptions {
  /** Seeds the randomised election timeouts: the same seed and calls give the same run. */
  readonly seed: bigint
  /** Ticks without a leader before an election; each timeout lies in [min, 2 x min). */
  readonly electionTicks: number
  readonly heartbeatTicks: number
  /** Bytes of entries in one append message. */
  readonly messageBytesMax: number
  readonly inflightMessagesMax: number
  readonly uncommittedBytesMax: number
  /** Bytes of committed entries that one poll hands out for each group. */
  readonly committedBytesPerPollMax: number
}

export interface GroupMember {
  readonly replica: bigint
  readonly learner: boolean
}

export interface CreateGroupOptions {
  readonly group: bigint
  readonly replica: bigint
  /** Members at the beginning of time; used only when `recovered` is absent. */
  readonly bootstrap: readonly GroupMember[]
  /** What RaftLog.load() gave. */
  readonly recovered: Uint8Array | undefined
  /** Index that the state machine has applied. */
  readonly applied: bigint
}

export type ProposeResult =
  | { readonly kind: 'accepted'; readonly index: bigint; readonly term: bigint }
  | { readonly kind: 'not-leader'; readonly leader: bigint }
  | { readonly kind: 'dropped' }

/**
 * `command` comes from proposals, `empty` from elections, `conf-change` from membership changes.
 */
export type CommittedKind = 'command' | 'empty' | 'conf-change'

export interface CommittedEntry {
  readonly index: bigint
  readonly term: bigint
  readonly kind: CommittedKind
  readonly data: Uint8Array
}

export interface GroupCommits {
  readonly group: bigint
  readonly entries: readonly CommittedEntry[]
}

/** One Raft message between two replicas; `data` is an encoded eraftpb.Message. */
export interface OutgoingMessage {
  readonly group: bigint
  readonly to: bigint
  readonly from: bigint
  readonly data: Uint8Array
}

export interface ReadState {
  readonly group: bigint
  /** The context that readIndex() was called with. */
  readonly context: Uint8Array
  readonly index: bigint
}

export type RaftRole = 'follower' | 'pre-candidate' | 'candidate' | 'leader'

export interface GroupStatus {
  readonly group: bigint
  readonly term: bigint
  readonly leader: bigint
  readonly role: RaftRole
  readonly commit: bigint
  readonly applied: bigint
  readonly lastIndex: bigint
  readonly firstIndex: bigint
  readonly voters: readonly bigint[]
  readonly learners: readonly bigint[]
}

/** A group in which raft panicked; it is gone, the others go on. */
export interface FailedGroup {
  readonly group: bigint
  readonly message: string
}

export interface PollResult {
  /** Number of this batch; each must be passed to persisted(), or a later one. */
  readonly batch: bigint
  /** An encoded `raft.v1.LogBatch` to append; absent when nothing is to be written. */
  readonly records: Uint8Array | undefined
  /** Messages that may leave before the append. */
  readonly messages: readonly OutgoingMessage[]
  readonly committed: readonly GroupCommits[]
  readonly readStates: readonly ReadState[]
  /** Groups whose term, leader or role changed. */
  readonly changed: readonly GroupStatus[]
  readonly failed: readonly FailedGroup[]
}

export interface RaftCore {
  createGroup(options: CreateGroupOptions): void
  destroyGroup(group: bigint): void
  /** Advances the logical clock of all groups. */
  tick(): void
  /** Takes an encoded eraftpb.Message of a peer. */
  step(group: bigint, message: Uint8Array): void
  propose(group: bigint, data: Uint8Array): ProposeResult
  /** Takes an encoded eraftpb.ConfChangeV2. */
  proposeConfChange(group: bigint, change: Uint8Array): ProposeResult
  /**
   * Applies the committed conf change of entry `index`; answers the encoded eraftpb.ConfState. The
   * next poll writes it. A change that the log says was applied before changes nothing.
   */
  applyConfChange(group: bigint, index: bigint, change: Uint8Array): Uint8Array
  /** false: dropped, because there is no leader or it has committed nothing in its term. */
  readIndex(group: bigint, context: Uint8Array): boolean
  transferLeader(group: bigint, to: bigint): void
  campaign(group: bigint): void
  /** Drains every group with something to do, in the order of group ids. */
  poll(): PollResult | undefined
  /** The batch and all before it are on stable storage; answers messages that waited for it. */
  persisted(batch: bigint): readonly OutgoingMessage[]
  /** The state machine has applied the group's entries up to `index`. */
  applied(group: bigint, index: bigint): void
  /** Drops entries that are applied, up to `index`, from memory. */
  compact(group: bigint, index: bigint): void
  status(group: bigint): GroupStatus | undefined
}

/** A RaftCore without groups. */
export function createRaftCore(options: RaftCoreOptions): RaftCore {
  const { RaftCore } = loadAddon()
  return new TranslatingRaftCore(new RaftCore(options))
}

/** The addon's core; what it throws becomes a VectronError. */
class TranslatingRaftCore implements RaftCore {
  readonly #core: RaftCore

  constructor(core: RaftCore) {
    this.#core = core
  }

  createGroup(options: CreateGroupOptions): void {
    throwTranslated(() => this.#core.createGroup(options))
  }

  destroyGroup(group: bigint): void {
    throwTranslated(() => this.#core.destroyGroup(group))
  }

  tick(): void {
    throwTranslated(() => this.#core.tick())
  }

  step(group: bigint, message: Uint8Array): void {
    throwTranslated(() => this.#core.step(group, message))
  }

  propose(group: bigint, data: Uint8Array): ProposeResult {
    return throwTranslated(() => this.#core.propose(group, data))
  }

  proposeConfChange(group: bigint, change: Uint8Array): ProposeResult {
    return throwTranslated(() => this.#core.proposeConfChange(group, change))
  }

  applyConfChange(group: bigint, index: bigint, change: Uint8Array): Uint8Array {
    return throwTranslated(() => this.#core.applyConfChange(group, index, change))
  }

  readIndex(group: bigint, context: Uint8Array): boolean {
    return throwTranslated(() => this.#core.readIndex(group, context))
  }

  transferLeader(group: bigint, to: bigint): void {
    throwTranslated(() => this.#core.transferLeader(group, to))
  }

  campaign(group: bigint): void {
    throwTranslated(() => this.#core.campaign(group))
  }

  poll(): PollResult | undefined {
    return throwTranslated(() => this.#core.poll() ?? undefined)
  }

  persisted(batch: bigint): readonly OutgoingMessage[] {
    return throwTranslated(() => this.#core.persisted(batch))
  }

  applied(group: bigint, index: bigint): void {
    throwTranslated(() => this.#core.applied(group, index))
  }

  compact(group: bigint, index: bigint): void {
    throwTranslated(() => this.#core.compact(group, index))
  }

  status(group: bigint): GroupStatus | undefined {
    return throwTranslated(() => this.#core.status(group) ?? undefined)
  }
}
