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
  type LogIndex,
  type ReplicaId,
  VectronError,
} from '@vectron/base'
import type { GroupStatus, RaftCore, RaftLog } from '@vectron/native'
import { Drive, type ReleaseRule } from './drive.ts'
import { HOST_LIMITS, type HostLimits } from './host-limits.ts'
import { HostedGroup } from './hosted-group.ts'
import type { Proposed } from './proposals.ts'
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
  readonly #drive: Drive
  readonly #ticker: Ticker
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
        changed: (status) => this.#find(status.group)?.onChanged(status),
        failed: ({ group, message }) => this.#find(group)?.fail(new Error(message)),
      },
      onFatal: (error) => this.#onFatal(error),
    })
    this.#ticker = new Ticker({ clock, tickMs: this.#limits.tickMs, tick: () => this.#tick() })
    transport.start({
      receive: ({ group, data }) => this.#receive(group, data),
      openSnapshot: () => undefined,
      snapshotDone: () => {},
      unreachable: () => {},
    })
  }

  /**
   * Takes a replica in: with what the log holds of it, or as a new one. Settles when a new one's
   * first state is on stable storage; what the log holds is applied behind.
   *
   * @throws VectronError DATA_CORRUPT when log and state machine contradict each other, CONFLICT
   */
  async createGroup(group: GroupId, options: GroupOptions): Promise<void> {
    if (this.#groups.has(group)) {
      throw new VectronError('CONFLICT', `Raft group ${group} is hosted already.`)
    }
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
      onFailed: (failed, error) => onGroupFailed?.(failed, error),
    })
    hosted.open(bootstrap)
    this.#groups.set(group, hosted)
    transport.join(group, replica)
    await this.#drive.whenPersisted()
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

  /** What Raft says of a group's replica here; undefined when it is not hosted or has failed. */
  status(group: GroupId): GroupStatus | undefined {
    return this.#options.core.status(group)
  }

  /** Stops hosting a replica; the log keeps it for the next start. */
  async leaveGroup(group: GroupId): Promise<void> {
    const hosted = this.#groups.get(group)
    if (hosted === undefined) return
    this.#groups.delete(group)
    this.#options.transport.leave(group)
    await hosted.close()
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

  #tick(): void {
    this.#options.core.tick()
    for (const group of this.#groups.values()) group.onTick()
    this.#drive.wake()
  }

  #receive(group: bigint, message: Uint8Array): void {
    if (this.#find(group) === undefined) return
    this.#options.core.step(group, message)
    this.#drive.wake()
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
