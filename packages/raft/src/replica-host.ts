/**
 * ReplicaHost: all Raft groups of a process, on one log, one transport and one clock.
 *
 * The only stateful thing between services and RaftCore. Pure of clock, randomness, disk and
 * network: all are parameters, and the simulation gives its own. Leaves the meaning of commands to
 * state machines, and opening and closing of the log to its caller.
 */
import {
  type Clock,
  type Deadline,
  type GroupId,
  groupId,
  isVectronError,
  type LogIndex,
  logIndex,
  type ReplicaId,
  VectronError,
} from '@vectron/base'
import type {
  GroupStatus,
  OutgoingMessage,
  RaftCore,
  RaftLog,
  SnapshotOffer,
} from '@vectron/native'
import { Drive, type ReleaseRule } from './drive.ts'
import { HOST_LIMITS, type HostLimits } from './host-limits.ts'
import { type GroupView, HostedGroup } from './hosted-group.ts'
import type { MemberChange } from './member-change.ts'
import type { Proposed } from './proposals.ts'
import { SnapshotFetches } from './snapshot-fetches.ts'
import { SnapshotOffers } from './snapshot-offers.ts'
import type { StateMachine } from './state-machine.ts'
import { Ticker } from './ticker.ts'
import type { Transport } from './transport.ts'

export interface ReplicaHostOptions {
  readonly core: RaftCore
  readonly log: RaftLog
  readonly clock: Clock
  readonly transport: Transport
  readonly limits?: HostLimits
  /** The log failed for good: the process must stop. */
  readonly onFatal: (error: unknown) => void
  /** One group failed; the others go on. */
  readonly onGroupFailed?: (group: GroupId, error: VectronError) => void
  /** For tests of the simulation alone; see ReleaseRule. */
  readonly release?: ReleaseRule
}

/** One member of a group at its beginning. */
export interface GroupMember {
  readonly replica: ReplicaId
  readonly learner: boolean
}

export interface GroupOptions {
  readonly replica: ReplicaId
  /** All members, the same on each of them; empty for a replica that joins a running group. */
  readonly bootstrap: readonly GroupMember[]
  readonly stateMachine: StateMachine
}

export interface ProposeOptions {
  readonly deadline?: Deadline
}

export interface ReadBarrierCall {
  readonly deadline: Deadline
}

export class ReplicaHost {
  readonly #options: ReplicaHostOptions
  readonly #limits: HostLimits
  readonly #groups = new Map<GroupId, HostedGroup>()
  /** Being created: not yet to be found. */
  readonly #opening = new Set<GroupId>()
  readonly #drive: Drive
  readonly #offers: SnapshotOffers
  readonly #fetches: SnapshotFetches
  readonly #ticker: Ticker
  readonly #watches: ((status: GroupStatus) => void)[] = []
  #inFlightBytes = 0

  static open(options: ReplicaHostOptions): ReplicaHost {
    return new ReplicaHost(options)
  }

  private constructor(options: ReplicaHostOptions) {
    const { core, log, clock, transport } = options
    this.#options = options
    this.#limits = options.limits ?? HOST_LIMITS
    this.#drive = new Drive({
      core,
      log,
      clock,
      transport,
      release: options.release ?? 'after-append',
      events: {
        committed: ({ group, entries }) => this.#find(group)?.onCommitted(entries),
        answered: (state) => this.#find(state.group)?.onAnswered(state),
        changed: (status) => this.#onChanged(status),
        failed: ({ group, message }) => this.#find(group)?.fail(new Error(message)),
        taken: ({ group, index }) => this.#find(group)?.onSnapshotTaken(logIndex(index)),
        snapshotWanted: (wanted) => this.#offers.onWanted(wanted),
        entriesWanted: (wanted) => this.#find(wanted.group)?.onEntriesWanted(wanted),
      },
      onFatal: (error) => this.#onFatal(error),
    })
    this.#ticker = new Ticker({ clock, tickMs: this.#limits.tickMs, tick: () => this.#tick() })
    this.#offers = new SnapshotOffers({
      core,
      clock,
      transport,
      limits: this.#limits,
      machineOf: (group) => this.#groups.get(group)?.stateMachine,
      wake: () => this.#drive.wake(),
    })
    this.#fetches = new SnapshotFetches({
      clock,
      transport,
      limits: this.#limits,
      accept: (group, message) => this.#acceptSnapshot(group, message),
    })
    transport.start({
      receive: (message) => this.#receive(message),
      openSnapshot: (key) => this.#offers.open(key),
      snapshotDone: (done) => this.#offers.onDone(done),
      unreachable: (group, replica) => core.reportUnreachable(group, replica),
      gone: (group, replica) => core.reportGone(group, replica),
    })
  }

  /**
   * Takes a replica in: with what the log holds of it, or as a new one. Settles when a new one's
   * first state is on stable storage; what the log holds is applied behind.
   *
   * @throws VectronError DATA_CORRUPT when log and state machine contradict each other, CONFLICT
   */
  async createGroup(group: GroupId, options: GroupOptions): Promise<void> {
    if (this.#groups.has(group) || this.#opening.has(group)) {
      throw new VectronError('CONFLICT', `Raft group ${group} is hosted already.`)
    }
    this.#opening.add(group)
    try {
      await this.#openGroup(group, options)
    } finally {
      this.#opening.delete(group)
    }
    await this.#drive.whenPersisted()
  }

  async #openGroup(group: GroupId, options: GroupOptions): Promise<void> {
    const { replica, bootstrap, stateMachine } = options
    const { core, log, transport, onGroupFailed } = this.#options
    const hosted = new HostedGroup({
      group,
      replica,
      stateMachine,
      core,
      log,
      drive: this.#drive,
      limits: this.#limits,
      bootEpoch: transport.identity.bootEpoch,
      keptFrom: () => this.#offers.keptFrom(group),
      onFailed: (failed, error) => {
        void this.#stopSnapshots(failed)
        onGroupFailed?.(failed, error)
      },
    })
    await hosted.open(bootstrap)
    this.#groups.set(group, hosted)
    transport.join(group, replica)
  }

  /**
   * Replicates a command; settles when it is on stable storage of a majority and applied here.
   *
   * @throws VectronError NOT_LEADER, OVERLOADED (nothing was done), OUTCOME_UNKNOWN,
   *   DEADLINE_EXCEEDED (it may have been done), SHARD_UNAVAILABLE
   */
  async propose(
    group: GroupId,
    data: Uint8Array,
    { deadline }: ProposeOptions = {},
  ): Promise<Proposed> {
    const hosted = this.#get(group)
    this.#admit(data.length)
    const waiting = hosted.propose(data, deadline, () => {
      this.#inFlightBytes -= data.length
    })
    this.#inFlightBytes += data.length
    this.#drive.wake()
    return waiting
  }

  /**
   * Settles with an index that is applied here and covers every write acknowledged before the call.
   *
   * @throws VectronError DEADLINE_EXCEEDED, SHARD_UNAVAILABLE
   */
  async readBarrier(group: GroupId, { deadline }: ReadBarrierCall): Promise<LogIndex> {
    const passed = this.#get(group).passBarrier(deadline)
    this.#drive.wake()
    return passed
  }

  /**
   * Brings a group that is led here to these members, of which the version counts the changes. Ask
   * again until it is `unchanged`, or somebody else leads.
   *
   * @throws VectronError NOT_LEADER, INVALID_ARGUMENT, SHARD_UNAVAILABLE
   */
  changeMembers(group: GroupId, members: readonly GroupMember[], version: bigint): MemberChange {
    const change = this.#get(group).changeMembers(members, version)
    this.#drive.wake()
    return change
  }

  /**
   * Lets another voter lead a group that is led here. Ends with a change of leader, or as nothing
   * after an election timeout.
   *
   * @throws VectronError NOT_LEADER, INVALID_ARGUMENT, SHARD_UNAVAILABLE
   */
  transferLeader(group: GroupId, to: ReplicaId): void {
    this.#get(group).transferLeader(to)
    this.#drive.wake()
  }

  /** Term, leader, role and members of a group, at no cost; undefined as `status` is. */
  view(group: GroupId): GroupView | undefined {
    return this.#groups.get(group)?.view
  }

  /**
   * All that Raft says of a group's replica here, asked of the core: for now and then. Undefined
   * when it is not hosted or has failed.
   */
  status(group: GroupId): GroupStatus | undefined {
    return this.#options.core.status(group)
  }

  /** Calls `watch` whenever term, leader, role or members of a group here have changed. */
  watchGroups(watch: (status: GroupStatus) => void): void {
    this.#watches.push(watch)
  }

  /** Stops hosting a replica; the log keeps it for the next start. */
  async leaveGroup(group: GroupId): Promise<void> {
    const hosted = this.#groups.get(group)
    if (hosted === undefined) return
    this.#groups.delete(group)
    this.#options.transport.leave(group)
    await Promise.all([hosted.close(), this.#stopSnapshots(group)])
    this.#options.core.destroyGroup(group)
  }

  /** Stops hosting a replica for ever: the log forgets it. */
  async destroyGroup(group: GroupId): Promise<void> {
    await this.leaveGroup(group)
    // Records of the group that are still gathering must not follow its removal.
    await this.#drive.whenPersisted()
    await this.#options.log.remove(group)
  }

  /** Stops all groups. What was acknowledged is in the log; the log stays open. */
  async close(): Promise<void> {
    this.#ticker.close()
    const groups = [...this.#groups.keys()]
    await Promise.all(groups.map((group) => this.leaveGroup(group)))
    this.#drive.stop()
    this.#options.transport.close()
  }

  #onChanged(status: GroupStatus): void {
    this.#find(status.group)?.onChanged(status)
    for (const watch of this.#watches) watch(status)
  }

  #tick(): void {
    this.#options.core.tick()
    for (const group of this.#groups.values()) group.onTick()
    this.#offers.onTick()
    this.#fetches.onTick()
    this.#drive.wake()
  }

  #receive({ group, data }: OutgoingMessage): void {
    const hosted = this.#find(group)
    if (hosted?.view === undefined) return
    const offer = this.#step(group, data)
    if (offer !== undefined) {
      const { replica, stateMachine } = hosted
      const message = data
      this.#fetches.onOffer({ group: groupId(group), replica, stateMachine, offer, message })
    }
    this.#drive.wake()
  }

  /** No message of a peer may end this process: what raft refuses is dropped. */
  #step(group: bigint, message: Uint8Array): SnapshotOffer | undefined {
    try {
      return this.#options.core.step(group, message)
    } catch (error) {
      if (!isVectronError(error)) throw error
      // A group that failed by it is told of by the next poll.
      return undefined
    }
  }

  #acceptSnapshot(group: GroupId, message: Uint8Array): boolean {
    if (this.status(group) === undefined) return false
    const isAccepted = this.#options.core.acceptSnapshot(group, message)
    this.#drive.wake()
    return isAccepted
  }

  async #stopSnapshots(group: GroupId): Promise<void> {
    await Promise.all([this.#offers.drop(group), this.#fetches.leave(group)])
  }

  /** Bounds the memory of writes under way; one write always fits, however large. */
  #admit(bytes: number): void {
    const { inFlightBytesMax, tickMs } = this.#limits
    if (this.#inFlightBytes === 0 || this.#inFlightBytes + bytes <= inFlightBytesMax) return
    throw new VectronError(
      'OVERLOADED',
      `${this.#inFlightBytes} bytes of writes are under way; the limit is ${inFlightBytesMax}.`,
      { subject: 'writes in flight', retryAfterMs: tickMs },
    )
  }

  #onFatal(error: unknown): void {
    this.#ticker.close()
    for (const group of this.#groups.values()) group.fail(error)
    this.#options.onFatal(error)
  }

  #get(group: GroupId): HostedGroup {
    const hosted = this.#groups.get(group)
    if (hosted === undefined) {
      throw new VectronError('SHARD_UNAVAILABLE', `Raft group ${group} is not hosted here.`)
    }
    return hosted
  }

  #find(group: bigint): HostedGroup | undefined {
    return this.#groups.get(groupId(group))
  }
}
