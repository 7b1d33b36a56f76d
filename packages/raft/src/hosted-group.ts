/**
 * HostedGroup: one replica of one Raft group in this process, from its recovery to its end.
 *
 * Ties together who waits for it: proposals, read barriers, the apply queue and compaction. Leaves
 * the log and the network to the drive that all groups share.
 */
import {
  type Deadline,
  type GroupId,
  type LogIndex,
  logIndex,
  type ReplicaId,
  term,
  toVectronError,
  VectronError,
} from '@vectron/base'
import type {
  CommittedEntry,
  GroupStatus,
  ProposeResult,
  RaftCore,
  RaftLog,
  ReadState,
} from '@vectron/native'
import { type AppliedBatch, ApplyQueue } from './apply-queue.ts'
import { Compaction } from './compaction.ts'
import type { Drive } from './drive.ts'
import type { HostLimits } from './host-limits.ts'
import { outcomeUnknown, Proposals, type Proposed } from './proposals.ts'
import { ReadBarrier } from './read-barrier.ts'
import type { StateMachine } from './state-machine.ts'

/**
 * The position at which every group begins. No log holds it: replicas of a new group agree on it,
 * and each hands it to its state machine as an entry without a command.
 */
const BOOTSTRAP: CommittedEntry = { index: 1n, term: 1n, kind: 'empty', data: new Uint8Array() }

export interface HostedGroupOptions {
  readonly group: GroupId
  readonly replica: ReplicaId
  readonly stateMachine: StateMachine
  readonly core: RaftCore
  readonly log: RaftLog
  readonly drive: Drive
  readonly limits: HostLimits
  readonly bootEpoch: bigint
  readonly onFailed: (group: GroupId, error: VectronError) => void
}

export class HostedGroup {
  readonly #options: HostedGroupOptions
  readonly #proposals = new Proposals()
  readonly #barrier: ReadBarrier
  readonly #applyQueue: ApplyQueue
  readonly #compaction: Compaction
  /** No other replica needs entries from this one's memory. */
  #isAlone = false
  #failure: VectronError | undefined

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
      onApplied: (batch) => this.#onApplied(batch),
      onFailed: (error) => this.fail(error),
    })
    this.#compaction = new Compaction({
      stateMachine,
      checkpointLogBytes: limits.checkpointLogBytes,
      compactLogBytes: limits.compactLogBytes,
      forget: (index) => this.#forget(index),
      onFailed: (error) => this.fail(error),
    })
  }

  /** Joins the core with what the log holds. A replica that is the only voter leads at once. */
  open(members: readonly { readonly replica: ReplicaId; readonly learner: boolean }[]): void {
    const { core, log, group, replica, stateMachine } = this.#options
    const recovered = log.load(group)
    const applied = stateMachine.appliedIndex
    core.createGroup({ group, replica, bootstrap: members, recovered, applied })
    const status = this.#refreshMembers()
    if (recovered !== undefined) this.#compaction.add(logIndex(status.lastIndex), recovered.length)
    this.#trimMemory(applied)
    const beginsHere = status.firstIndex === BOOTSTRAP.index + 1n
    if (beginsHere && applied < BOOTSTRAP.index) this.#applyQueue.push([BOOTSTRAP])
    if (this.#isAlone) core.campaign(group)
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

  passBarrier(deadline: Deadline): Promise<LogIndex> {
    this.#checkAlive()
    return this.#barrier.pass(deadline)
  }

  onCommitted(entries: readonly CommittedEntry[]): void {
    if (this.#failure === undefined) this.#applyQueue.push(entries)
  }

  onAnswered({ context, index }: ReadState): void {
    this.#barrier.answer(context, logIndex(index))
  }

  onChanged(status: GroupStatus): void {
    if (status.role !== 'leader') this.#proposals.abandonAll(outcomeUnknown)
    this.#barrier.askNext()
  }

  onTick(): void {
    this.#proposals.expire()
    this.#barrier.onTick()
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
    this.#refreshMembers()
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
    this.#trimMemory(lastIndex)
    this.#compaction.add(lastIndex, bytes)
    drive.wake()
  }

  async #forget(index: LogIndex): Promise<void> {
    const { core, log, group } = this.#options
    await log.compact(group, index)
    if (this.#failure === undefined && core.status(group) !== undefined) core.compact(group, index)
  }

  /** A replica without peers needs no applied entry in memory. */
  #trimMemory(applied: LogIndex): void {
    if (this.#isAlone) this.#options.core.compact(this.#options.group, applied)
  }

  #refreshMembers(): GroupStatus {
    const { core, group, replica } = this.#options
    const status = core.status(group)
    if (status === undefined) throw new VectronError('INTERNAL', `Raft group ${group} is gone.`)
    const { voters, learners } = status
    this.#isAlone = learners.length === 0 && voters.length === 1 && voters[0] === replica
    return status
  }

  #checkAccepted(proposed: ProposeResult): { readonly index: bigint; readonly term: bigint } {
    const { group } = this.#options
    switch (proposed.kind) {
      case 'accepted':
        return proposed
      case 'not-leader':
        throw new VectronError('NOT_LEADER', `This replica does not lead raft group ${group}.`, {
          subject: `raft group ${group}`,
          metadata: { leader: proposed.leader.toString() },
        })
      case 'dropped':
        throw new VectronError(
          'OVERLOADED',
          `Raft group ${group} takes no writes now: too much is uncommitted, or its leader moves.`,
          { subject: `raft group ${group}`, retryAfterMs: this.#options.limits.tickMs },
        )
    }
  }

  #checkAlive(): void {
    if (this.#failure !== undefined) throw this.#failure
  }
}
