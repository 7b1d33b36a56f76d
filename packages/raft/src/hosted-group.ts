/**
 * HostedGroup: one replica of one Raft group in this process, from its recovery to its end.
 *
 * Ties together who waits for it: proposals, read barriers, the apply queue and compaction. Leaves
 * the log and the network to the drive that all groups share.
 */
import {
  assertDefined,
  type Deadline,
  type GroupId,
  isVectronError,
  LIMITS,
  type LogIndex,
  logIndex,
  type ReplicaId,
  term,
  toVectronError,
  VectronError,
} from '@vectron/base'
import type {
  CommittedEntry,
  EntriesWanted,
  GroupMember,
  GroupStatus,
  ProposeResult,
  RaftCore,
  RaftLog,
  ReadState,
} from '@vectron/native'
import { type AppliedBatch, ApplyQueue } from './apply-queue.ts'
import { Compaction, type KeepRule } from './compaction.ts'
import type { Drive } from './drive.ts'
import type { HostLimits } from './host-limits.ts'
import { lower } from './log-indexes.ts'
import { type MemberChange, planMemberChange } from './member-change.ts'
import { outcomeUnknown, Proposals, type Proposed } from './proposals.ts'
import { ReadBarrier } from './read-barrier.ts'
import { recoveredStart } from './recovered-start.ts'
import type { StateMachine } from './state-machine.ts'

/**
 * The position at which every group begins. No log holds it: replicas of a new group agree on it,
 * and each hands it to its state machine as an entry without a command.
 */
const BOOTSTRAP: CommittedEntry = { index: 1n, term: 1n, kind: 'empty', data: new Uint8Array() }

/** Ticks between two attempts to have a new group led: as between heartbeats. */
const FOUNDING_TICKS = 2

/** What seldom changes of a group: the core tells when it does, so it need not be asked. */
export type GroupView = Omit<
  GroupStatus,
  'commit' | 'applied' | 'lastIndex' | 'firstIndex' | 'peers'
>

export interface HostedGroupOptions {
  readonly group: GroupId
  readonly replica: ReplicaId
  readonly stateMachine: StateMachine
  readonly core: RaftCore
  readonly log: RaftLog
  readonly drive: Drive
  readonly limits: HostLimits
  readonly bootEpoch: bigint
  /** Entries after this index are needed by a snapshot that is on its way. */
  readonly keptFrom: () => LogIndex | undefined
  readonly onFailed: (group: GroupId, error: VectronError) => void
}

export class HostedGroup {
  readonly #options: HostedGroupOptions
  readonly #proposals = new Proposals()
  readonly #barrier: ReadBarrier
  readonly #applyQueue: ApplyQueue
  readonly #compaction: Compaction
  #failure: VectronError | undefined
  #view: GroupView | undefined
  /** Whom this replica, which leads, has asked to lead; meanwhile it takes no writes. */
  #heir: { readonly replica: ReplicaId; ticks: number } | undefined
  /** Whether this replica stands for the first election of its group again and again. */
  #isFounding = false
  #foundingTicks = 0

  constructor(options: HostedGroupOptions) {
    const { group, stateMachine, core, limits } = options
    this.#options = options
    this.#barrier = new ReadBarrier({
      bootEpoch: options.bootEpoch,
      retryTicks: limits.readRetryTicks,
      ask: (context) => core.readIndex(group, context),
      applied: () => stateMachine.appliedIndex,
    })
    this.#applyQueue = new ApplyQueue({
      stateMachine,
      bytesMax: limits.applyBytesMax,
      applyConfChange: (entry) => this.#applyConfChange(entry),
      install: (index) => this.#install(index),
      onApplied: (batch) => this.#onApplied(batch),
      onFailed: (error) => this.fail(error),
    })
    this.#compaction = new Compaction({
      stateMachine,
      checkpointLogBytes: limits.checkpointLogBytes,
      compactLogBytes: limits.compactLogBytes,
      keep: () => this.#keepRules(),
      forget: (index) => this.#forget(index),
      onFailed: (error) => this.fail(error),
    })
  }

  /** Undefined when the group has failed. */
  get view(): GroupView | undefined {
    return this.#failure === undefined ? this.#view : undefined
  }

  get stateMachine(): StateMachine {
    return this.#options.stateMachine
  }

  get replica(): ReplicaId {
    return this.#options.replica
  }

  /**
   * Joins the core with what the log holds. A replica that is the only voter leads at once.
   *
   * @throws VectronError DATA_CORRUPT
   */
  async open(bootstrap: readonly GroupMember[]): Promise<void> {
    const { core, log, group, replica, stateMachine } = this.#options
    const recovered = log.load(group)
    await this.#finishInstall(recovered)
    const applied = stateMachine.appliedIndex
    core.createGroup({ group, replica, bootstrap, recovered, applied })
    const status = this.#status()
    this.#view = status
    const start = logIndex(status.firstIndex - 1n)
    if (recovered !== undefined) {
      this.#compaction.addRecovered(start, logIndex(status.lastIndex), recovered.length)
    }
    if (start === BOOTSTRAP.index && applied < start) this.#applyQueue.push([BOOTSTRAP])
    if (isSoleVoter(status, replica)) core.campaign(group)
    else this.#isFounding = recovered === undefined && isFounder(bootstrap, replica)
  }

  /**
   * Proposes a command and waits until it is applied here. `release` is called once when the wait
   * ends, however it ends, and not at all when the call throws.
   *
   * @throws VectronError NOT_LEADER, OVERLOADED, SHARD_UNAVAILABLE
   */
  propose(
    data: Uint8Array,
    deadline: Deadline | undefined,
    release: () => void,
  ): Promise<Proposed> {
    this.#checkAlive()
    const { core, group } = this.#options
    const accepted = this.#checkAccepted(core.propose(group, data))
    return this.#proposals.wait({
      index: logIndex(accepted.index),
      term: term(accepted.term),
      deadline,
      release,
    })
  }

  /** @throws VectronError NOT_LEADER, INVALID_ARGUMENT, SHARD_UNAVAILABLE */
  changeMembers(members: readonly GroupMember[], version: bigint): MemberChange {
    this.#checkAlive()
    const { core, group, replica } = this.#options
    const plan = planMemberChange({ status: this.#status(), self: replica, members, version })
    if (plan.kind === 'transferring') this.#giveTo(plan.to)
    if (plan.kind !== 'propose') return plan
    const proposed = core.proposeMembers(group, members, version)
    switch (proposed.kind) {
      case 'accepted':
        return { kind: 'proposed' }
      case 'unchanged':
        return proposed
      case 'dropped':
        return { kind: 'under-way' }
      case 'not-leader':
        throw this.#notLeader(proposed.leader)
    }
  }

  /** @throws VectronError NOT_LEADER, INVALID_ARGUMENT, SHARD_UNAVAILABLE */
  transferLeader(to: ReplicaId): void {
    this.#checkAlive()
    const { group } = this.#options
    const { role, leader, voters } = this.#status()
    if (role !== 'leader') throw this.#notLeader(leader)
    if (!voters.includes(to)) {
      const text = `Replica ${to} is no voter of raft group ${group}: it cannot lead.`
      throw new VectronError('INVALID_ARGUMENT', text, { subject: `raft group ${group}` })
    }
    this.#giveTo(to)
  }

  /**
   * A new group need not wait for election timeouts: nobody leads it. Others may open it later than
   * this replica, and drop what reaches them before, so it stands until there is a leader. An
   * election of its own that is under way is left alone.
   */
  #found(): void {
    if (!this.#isFounding || this.#view === undefined) return
    const { leader, role } = this.#view
    if (leader !== 0n) this.#isFounding = false
    else if (role !== 'candidate' && ++this.#foundingTicks % FOUNDING_TICKS === 0) {
      this.#options.core.campaign(this.#options.group)
    }
  }

  #giveTo(heir: ReplicaId): void {
    const { core, group } = this.#options
    core.transferLeader(group, heir)
    this.#heir = { replica: heir, ticks: LIMITS.raftElectionTicks }
  }

  passBarrier(deadline: Deadline): Promise<LogIndex> {
    this.#checkAlive()
    return this.#barrier.pass(deadline)
  }

  onCommitted(entries: readonly CommittedEntry[]): void {
    if (this.#failure === undefined) this.#applyQueue.push(entries)
  }

  /** The log has taken a snapshot, durably: the state machine follows. */
  onSnapshotTaken(index: LogIndex): void {
    if (this.#failure === undefined) this.#applyQueue.pushSnapshot(index)
  }

  onEntriesWanted(wanted: EntriesWanted): void {
    void this.#provideEntries(wanted)
  }

  onAnswered({ context, index }: ReadState): void {
    this.#barrier.answer(context, logIndex(index))
  }

  onChanged(status: GroupStatus): void {
    this.#view = status
    if (status.role !== 'leader') {
      this.#heir = undefined
      this.#proposals.abandonAll(outcomeUnknown)
    }
    this.#barrier.askNext()
  }

  onTick(): void {
    // Raft gives a transfer up after an election timeout.
    if (this.#heir !== undefined && --this.#heir.ticks <= 0) this.#heir = undefined
    this.#found()
    this.#proposals.expire()
    this.#barrier.onTick()
    this.#compaction.onTick()
  }

  /** Nothing more is applied; whoever waits is told why. */
  fail(cause: unknown): void {
    if (this.#failure !== undefined) return
    const { group, core } = this.#options
    const { message } = toVectronError(cause)
    const failure = new VectronError(
      'SHARD_UNAVAILABLE',
      `Raft group ${group} failed: ${message}`,
      {
        subject: `raft group ${group}`,
        cause,
      },
    )
    this.#failure = failure
    core.destroyGroup(group)
    this.#proposals.abandonAll(outcomeUnknown)
    this.#barrier.abandonAll(() => failure)
    this.#options.onFailed(group, failure)
  }

  /** Settles when what the state machine has under way is done. */
  async close(): Promise<void> {
    this.#proposals.abandonAll(outcomeUnknown)
    this.#barrier.abandonAll(() => new VectronError('UNAVAILABLE', 'The replica is closing.'))
    await Promise.all([this.#applyQueue.close(), this.#compaction.close()])
  }

  async #applyConfChange({ index, data }: CommittedEntry): Promise<void> {
    const { core, drive, group } = this.#options
    core.applyConfChange(group, index, data)
    await drive.whenPersisted()
  }

  #onApplied({ entries, results, lastIndex, bytes }: AppliedBatch): void {
    if (this.#failure !== undefined) return
    const { core, drive, group } = this.#options
    core.applied(group, lastIndex)
    for (const [position, entry] of entries.entries()) {
      this.#proposals.settle(logIndex(entry.index), term(entry.term), results[position])
    }
    this.#barrier.onApplied()
    // A new leader answers reads from its first applied entry on.
    this.#barrier.askNext()
    this.#compaction.add(lastIndex, bytes)
    drive.wake()
  }

  /** A crash may have come between the log's taking of a snapshot and the state machine's. */
  async #finishInstall(recovered: Uint8Array | undefined): Promise<void> {
    const { stateMachine } = this.#options
    const start = recovered === undefined ? logIndex(0n) : recoveredStart(recovered)
    const isBehind = start > BOOTSTRAP.index && stateMachine.appliedIndex < start
    if (isBehind) await stateMachine.installSnapshot(start)
    else await stateMachine.dropPreparedSnapshot()
  }

  async #install(index: LogIndex): Promise<void> {
    const { core, drive, group, stateMachine } = this.#options
    // What an earlier life of the group began may have been finished when it was opened.
    if (stateMachine.appliedIndex >= index) return
    await this.#compaction.restart(() => stateMachine.installSnapshot(index))
    if (this.#failure !== undefined || core.status(group) === undefined) return
    core.applied(group, index)
    this.#barrier.onApplied()
    drive.wake()
  }

  async #provideEntries({ low, bytesMax }: EntriesWanted): Promise<void> {
    const { core, drive, log, group } = this.#options
    try {
      const record = await log.read(group, low, bytesMax)
      if (this.#failure !== undefined || core.status(group) === undefined) return
      core.provideEntries(group, low, record)
      drive.wake()
    } catch (error) {
      // A log that is closing answers nothing more; a damaged one must not be led from.
      if (isVectronError(error, 'DATA_CORRUPT')) this.fail(error)
    }
  }

  async #forget(index: LogIndex): Promise<void> {
    const { core, log, group } = this.#options
    await log.compact(group, index)
    if (this.#failure === undefined && core.status(group) !== undefined) core.compact(group, index)
  }

  /** What other members may need of this log. */
  #keepRules(): readonly KeepRule[] {
    const { core, group, replica, keptFrom, limits } = this.#options
    const status = core.status(group)
    if (status === undefined || isAlone(status, replica)) return []
    const rules: KeepRule[] = []
    const snapshot = keptFrom()
    if (snapshot !== undefined) rules.push({ after: snapshot, bytesMax: limits.snapshotLogBytes })
    if (status.role === 'leader') {
      const matched = status.peers.map(({ matchIndex }) => logIndex(matchIndex))
      const after = matched.reduce(lower, logIndex(status.lastIndex))
      rules.push({ after, bytesMax: limits.followerLogBytes })
    } else {
      rules.push({ after: logIndex(0n), bytesMax: limits.spareLogBytes })
    }
    return rules
  }

  #status(): GroupStatus {
    const { core, group } = this.#options
    return assertDefined(core.status(group), `raft group ${group} is in the core`)
  }

  #checkAccepted(proposed: ProposeResult): { readonly index: bigint; readonly term: bigint } {
    const { group } = this.#options
    switch (proposed.kind) {
      case 'accepted':
        return proposed
      case 'not-leader':
        throw this.#notLeader(proposed.leader)
      case 'dropped':
        if (this.#heir !== undefined) throw this.#notLeader(this.#heir.replica)
        throw new VectronError(
          'OVERLOADED',
          `Raft group ${group} takes no writes now: too much is uncommitted.`,
          { subject: `raft group ${group}`, retryAfterMs: this.#options.limits.tickMs },
        )
    }
  }

  #notLeader(leader: bigint): VectronError {
    const { group, replica } = this.#options
    const { voters, learners, votersOutgoing } = this.#status()
    const isMember = [...voters, ...learners, ...votersOutgoing].includes(replica)
    const why = isMember ? 'does not lead' : 'is no member of'
    return new VectronError('NOT_LEADER', `Replica ${replica} ${why} raft group ${group}.`, {
      subject: `raft group ${group}`,
      metadata: { leader: leader.toString() },
    })
  }

  #checkAlive(): void {
    if (this.#failure !== undefined) throw this.#failure
  }
}

/** Of the first members one, the same for each of them. */
function isFounder(bootstrap: readonly GroupMember[], own: ReplicaId): boolean {
  return bootstrap.find(({ learner }) => !learner)?.replica === own
}

/** Whether nobody else has a say in who leads. */
function isSoleVoter({ voters, votersOutgoing }: GroupStatus, replica: ReplicaId): boolean {
  return votersOutgoing.length === 0 && voters.length === 1 && voters[0] === replica
}

/** Whether nobody else needs its log. */
function isAlone(status: GroupStatus, replica: ReplicaId): boolean {
  return isSoleVoter(status, replica) && status.learners.length === 0
}
