/**
 * RaftCore: the Raft state machines of all groups of a process: no clock, thread, socket or file.
 *
 * Lists the same calls in the same order as raft_core.rs. Whatever it throws is a VectronError.
 */
import { LIMITS } from '@vectron/base'
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
  /** Bytes of applied entries that a leader keeps in memory for followers that lag. */
  readonly cachedBytesMax?: number
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

/** Of members alone: `unchanged` when the group has this version or a higher one. */
export type ProposeMembersResult = ProposeResult | { readonly kind: 'unchanged' }

/** A snapshot that a peer offers: its files come first, then its message is accepted. */
export interface SnapshotOffer {
  readonly index: bigint
  readonly term: bigint
  readonly from: bigint
  /** An encoded `raft.v1.SnapshotDescriptor`. */
  readonly data: Uint8Array
}

/** What a leader sends to followers behind its log's start. */
export interface SnapshotPoint {
  readonly index: bigint
  /** An encoded `raft.v1.SnapshotDescriptor`; the core adds the version of the members. */
  readonly data: Uint8Array
}

/** A snapshot that the log takes; the state machine follows when its record is durable. */
export interface SnapshotInstall {
  readonly group: bigint
  readonly index: bigint
  readonly term: bigint
  readonly data: Uint8Array
}

/** A follower needs a snapshot, and none is set. Told again until one is. */
export interface SnapshotWanted {
  readonly group: bigint
  readonly to: bigint
}

export type SnapshotOutcome = 'installed' | 'failed'

/** A follower needs entries that the log has and memory does not: see RaftLog.read(). */
export interface EntriesWanted {
  readonly group: bigint
  readonly low: bigint
  readonly bytesMax: number
}

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

/** What a leader knows of another member. */
export interface PeerStatus {
  readonly replica: bigint
  /** Its log agrees with the leader's up to here. */
  readonly matchIndex: bigint
  /** It was heard of within an election timeout. */
  readonly active: boolean
  /** It waits for a snapshot that was sent. */
  readonly snapshot: boolean
}

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
  /** Voters that a joint configuration leaves behind; empty in any other. */
  readonly votersOutgoing: readonly bigint[]
  /** Counts the changes of members; see proposeMembers(). */
  readonly membershipVersion: bigint
  readonly isJoint: boolean
  /** Of a leader alone: the other members. */
  readonly peers: readonly PeerStatus[]
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
  /** Groups whose term, leader, role or members changed. */
  readonly changed: readonly GroupStatus[]
  readonly failed: readonly FailedGroup[]
  readonly installs: readonly SnapshotInstall[]
  readonly snapshotsWanted: readonly SnapshotWanted[]
  readonly entriesWanted: readonly EntriesWanted[]
}

export interface RaftCore {
  createGroup(options: CreateGroupOptions): void
  destroyGroup(group: bigint): void
  /** Advances the logical clock of all groups. */
  tick(): void
  /**
   * Takes an encoded eraftpb.Message of a peer; what does not decode or concerns no group here is
   * dropped. A snapshot that would replace what is here is not taken in but answered: see
   * acceptSnapshot().
   */
  step(group: bigint, message: Uint8Array): SnapshotOffer | undefined
  /**
   * Takes in a snapshot's message, whose files are prepared. false when it comes too late: nothing
   * will be installed.
   */
  acceptSnapshot(group: bigint, message: Uint8Array): boolean
  propose(group: bigint, data: Uint8Array): ProposeResult
  /**
   * Proposes one change from the present members to these, joint when several differ. `version`
   * counts the changes: one that is not above the group's changes nothing. Dropped while an earlier
   * change is under way.
   *
   * @throws VectronError INVALID_ARGUMENT without a voter, or with a replica twice
   */
  proposeMembers(
    group: bigint,
    members: readonly GroupMember[],
    version: bigint,
  ): ProposeMembersResult
  /**
   * Applies the committed conf change of entry `index`; the next poll writes what it made. A change
   * that the log says was applied before, or of an old version, changes nothing.
   */
  applyConfChange(group: bigint, index: bigint, change: Uint8Array): void
  /** false: dropped, because there is no leader or it has committed nothing in its term. */
  readIndex(group: bigint, context: Uint8Array): boolean
  transferLeader(group: bigint, to: bigint): void
  campaign(group: bigint): void
  /** Messages to a replica were lost: raft finds out anew what it has. */
  reportUnreachable(group: bigint, replica: bigint): void
  /** The process of a replica is gone; when it led, an election need not wait for the timeout. */
  reportGone(group: bigint, replica: bigint): void
  /**
   * Answers snapshotsWanted: followers behind the log's start get this one from now on. Its index
   * is applied, and not below what compact() has dropped.
   */
  setSnapshot(group: bigint, point: SnapshotPoint): void
  /** No follower gets the snapshot any more. */
  dropSnapshot(group: bigint): void
  /** Must follow every snapshot that was sent: until then the follower gets nothing. */
  reportSnapshot(group: bigint, replica: bigint, outcome: SnapshotOutcome): void
  /** Answers entriesWanted with what RaftLog.read() gave. */
  provideEntries(group: bigint, low: bigint, record: Uint8Array | undefined): void
  /** Drains every group with something to do, in the order of group ids. */
  poll(): PollResult | undefined
  /** The batch and all before it are on stable storage; answers messages that waited for it. */
  persisted(batch: bigint): readonly OutgoingMessage[]
  /** The state machine has applied the group's entries up to `index`. */
  applied(group: bigint, index: bigint): void
  /** The log has forgotten entries up to `index`, which are applied. */
  compact(group: bigint, index: bigint): void
  status(group: bigint): GroupStatus | undefined
}

/** A RaftCore without groups. */
export function createRaftCore(options: RaftCoreOptions): RaftCore {
  const { RaftCore } = loadAddon()
  const cachedBytesMax = options.cachedBytesMax ?? LIMITS.raftCachedBytesMax
  return new TranslatingRaftCore(new RaftCore({ ...options, cachedBytesMax }))
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

  step(group: bigint, message: Uint8Array): SnapshotOffer | undefined {
    return throwTranslated(() => this.#core.step(group, message) ?? undefined)
  }

  acceptSnapshot(group: bigint, message: Uint8Array): boolean {
    return throwTranslated(() => this.#core.acceptSnapshot(group, message))
  }

  propose(group: bigint, data: Uint8Array): ProposeResult {
    return throwTranslated(() => this.#core.propose(group, data))
  }

  proposeMembers(
    group: bigint,
    members: readonly GroupMember[],
    version: bigint,
  ): ProposeMembersResult {
    return throwTranslated(() => this.#core.proposeMembers(group, members, version))
  }

  applyConfChange(group: bigint, index: bigint, change: Uint8Array): void {
    throwTranslated(() => this.#core.applyConfChange(group, index, change))
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

  reportUnreachable(group: bigint, replica: bigint): void {
    throwTranslated(() => this.#core.reportUnreachable(group, replica))
  }

  reportGone(group: bigint, replica: bigint): void {
    throwTranslated(() => this.#core.reportGone(group, replica))
  }

  setSnapshot(group: bigint, point: SnapshotPoint): void {
    throwTranslated(() => this.#core.setSnapshot(group, point))
  }

  dropSnapshot(group: bigint): void {
    throwTranslated(() => this.#core.dropSnapshot(group))
  }

  reportSnapshot(group: bigint, replica: bigint, outcome: SnapshotOutcome): void {
    throwTranslated(() => this.#core.reportSnapshot(group, replica, outcome))
  }

  provideEntries(group: bigint, low: bigint, record: Uint8Array | undefined): void {
    throwTranslated(() => this.#core.provideEntries(group, low, record))
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
