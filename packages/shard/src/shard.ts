/**
 * Shard: one replica of the replicated unit: a Raft group whose state machine is an engine.
 *
 * Every request names the epoch it was routed by. Writes are proposed and answered when applied;
 * reads pass a barrier by the consistency they ask for and then go to the engine as they came.
 * Leaves elections, the log and its compaction to the replica host, and points to the engine.
 */

import { fromBinary } from '@bufbuild/protobuf'
import {
  type CancelTimer,
  type Clock,
  type Deadline,
  deadlineAfter,
  type GroupId,
  groupOfShard,
  isErrorReason,
  isVectronError,
  LIMITS,
  type LogIndex,
  logIndex,
  type ReplicaId,
  type ShardId,
  type SpanAttributes,
  type StageTimer,
  UNTIMED,
  VectronError,
} from '@vectron/base'
import { engine, worker } from '@vectron/contracts'
import type { GroupStatus } from '@vectron/native'
import type { GroupMember, GroupView, ReplicaHost } from '@vectron/raft'
import type { EngineHolder } from './engine-holder.ts'
import { checkEpoch, type ShardEpoch } from './epoch.ts'
import { freeExpired } from './free-expired.ts'
import { ShardMachine } from './shard-machine.ts'

export interface ShardOptions {
  readonly shardId: ShardId
  readonly replicaId: ReplicaId
  /** Members to begin the group with, the same on each; none for a replica that joins. */
  readonly members: readonly GroupMember[]
  /** `ShardEpoch.range` of the shard. */
  readonly range: bigint
  readonly holder: EngineHolder
  readonly host: ReplicaHost
  readonly clock: Clock
  /** Default: nothing is timed. */
  readonly stages?: StageTimer<ShardStage>
}

/** What of a request on a shard is timed; searches, reads and writes contain the others. */
export type ShardStage = keyof typeof SHARD_STAGES

/** Each with the function that it times. */
export const SHARD_STAGES = {
  search: 'Shard.search',
  read: 'Shard.read',
  write: 'Shard.write',
  barrier: 'Shard.passBarrier',
  engine_search: 'ShardEngine.search',
  engine_read: 'ShardEngine.read',
} as const

/** Where a write stands and what it did. */
export interface AppliedWrite {
  readonly logIndex: LogIndex
  readonly affected: bigint
}

/** What a search knows of the call that it answers. */
export interface ReadCall {
  readonly deadline: Deadline
  /** Whether nobody waits for the answer any more. */
  readonly aborted?: boolean
}

export class Shard {
  readonly shardId: ShardId
  readonly replicaId: ReplicaId
  readonly #group: GroupId
  readonly #holder: EngineHolder
  readonly #machine: ShardMachine
  readonly #host: ReplicaHost
  readonly #clock: Clock
  readonly #stages: StageTimer<ShardStage>
  readonly #attributes: SpanAttributes
  #range: bigint
  #isCaughtUp = false
  #stopFreeing: CancelTimer = () => {}

  /** Joins the replica to its group, with what the log holds of it. */
  static async open(options: ShardOptions): Promise<Shard> {
    const shard = new Shard(options)
    await options.host.createGroup(shard.#group, {
      replica: options.replicaId,
      bootstrap: options.members,
      stateMachine: shard.#machine,
    })
    void shard.#catchUp()
    shard.#freeExpired()
    return shard
  }

  private constructor(options: ShardOptions) {
    this.shardId = options.shardId
    this.replicaId = options.replicaId
    this.#group = groupOfShard(options.shardId)
    this.#holder = options.holder
    this.#machine = new ShardMachine(options.holder, options.clock)
    this.#host = options.host
    this.#clock = options.clock
    this.#stages = options.stages ?? UNTIMED
    this.#attributes = { 'vectron.shard': `${options.shardId}` }
    this.#range = options.range
  }

  /** The members that the group has by now, whatever placement wants, and the range assigned. */
  get epoch(): ShardEpoch {
    return { membership: this.view?.membershipVersion ?? 0n, range: this.#range }
  }

  /** Term, leader, role and members of the group; undefined when it has failed. */
  get view(): GroupView | undefined {
    return this.#host.view(this.#group)
  }

  get appliedIndex(): LogIndex {
    return this.#machine.appliedIndex
  }

  /** All that Raft says of this replica, for now and then; undefined when its group has failed. */
  get status(): GroupStatus | undefined {
    return this.#host.status(this.#group)
  }

  /** Why this replica serves nothing more; undefined while it does. */
  get failure(): VectronError | undefined {
    return this.#machine.failure
  }

  /** What of its data is damaged, as far as known: it serves, and is to be replaced. */
  get damage(): VectronError | undefined {
    return this.#machine.damage
  }

  /**
   * Whether this replica has applied, since it was opened, all that was acknowledged before. Until
   * then its log holds entries that it does not know to be committed, and no read may miss them.
   */
  get isCaughtUp(): boolean {
    return this.#isCaughtUp
  }

  /**
   * Replicates an encoded `engine.v1.WriteCommand` and answers when it is applied here.
   *
   * @throws VectronError STALE_EPOCH, NOT_LEADER, OVERLOADED, OUTCOME_UNKNOWN, or why the state
   *   machine refused the command.
   */
  write(
    epoch: ShardEpoch | undefined,
    command: Uint8Array,
    deadline: Deadline,
  ): Promise<AppliedWrite> {
    const write = () => this.#write(epoch, command, deadline)
    return this.#stages.run('write', write, this.#attributes)
  }

  /** Takes an encoded `engine.v1.SearchRequest`; answers an encoded `engine.v1.SearchResult`. */
  search(read: worker.ShardRead, request: Uint8Array, call: ReadCall): Promise<Uint8Array> {
    const search = () => this.#search(read, request, call)
    return this.#stages.run('search', search, this.#attributes)
  }

  /** Takes an encoded `engine.v1.ReadRequest`; answers an encoded `engine.v1.ReadResult`. */
  read(request: worker.ReadShardRequest, deadline: Deadline): Promise<Uint8Array> {
    return this.#stages.run('read', () => this.#read(request, deadline), this.#attributes)
  }

  /**
   * What must be equal on all replicas that have applied the same entry, at least `minApplied`.
   * Reads every point.
   */
  async digest(
    epoch: ShardEpoch | undefined,
    minApplied: LogIndex,
    deadline: Deadline,
  ): Promise<engine.PointsDigest> {
    this.#checkServes(epoch)
    await this.#machine.waitApplied(minApplied, deadline)
    return fromBinary(engine.PointsDigestSchema, await this.#holder.engine.digest())
  }

  /** An encoded `worker.v1.ShardReport`. */
  report(): Uint8Array {
    return this.#holder.report()
  }

  /** Takes a newer range from placement. */
  adoptRange(range: bigint): void {
    this.#range = range
  }

  /**
   * Has the group change its members, when this replica leads it. Asked again and again until
   * `epoch` tells that the group is there.
   *
   * @throws VectronError NOT_LEADER, INVALID_ARGUMENT, SHARD_UNAVAILABLE
   */
  changeMembers(members: readonly GroupMember[], version: bigint): void {
    this.#host.changeMembers(this.#group, members, version)
  }

  /**
   * Asks another voter to lead, when this replica does; what becomes of it, `status` tells.
   *
   * @throws VectronError NOT_LEADER, INVALID_ARGUMENT, SHARD_UNAVAILABLE
   */
  transferLeadership(to: ReplicaId): void {
    this.#host.transferLeader(this.#group, to)
  }

  /** Leaves the group and closes the engine; what is applied is durable then. */
  async close(): Promise<void> {
    this.#stopFreeing()
    this.#machine.close()
    await this.#host.leaveGroup(this.#group)
    await this.#holder.close()
  }

  /** Leaves the group for ever: its log is forgotten and its folder removed. */
  async destroy(): Promise<void> {
    this.#stopFreeing()
    this.#machine.close()
    await this.#host.destroyGroup(this.#group)
    await this.#holder.destroy()
  }

  async #write(
    epoch: ShardEpoch | undefined,
    command: Uint8Array,
    deadline: Deadline,
  ): Promise<AppliedWrite> {
    this.#checkServes(epoch)
    const proposed = await this.#host.propose(this.#group, command, { deadline })
    const result = proposed.result as engine.WriteResult
    if (result.error !== undefined) throw toRefusal(result.error)
    return { logIndex: logIndex(proposed.index), affected: result.affected }
  }

  async #search(read: worker.ShardRead, request: Uint8Array, call: ReadCall): Promise<Uint8Array> {
    this.#checkServes(read.shard?.epoch)
    await this.#stages.run('barrier', () => this.#passBarrier(read.barrier, call.deadline))
    // The barrier may have taken a while, and another replica may have answered meanwhile.
    if (call.aborted) throw new VectronError('CANCELLED', 'Nobody waits for this search any more.')
    return this.#stages.run('engine_search', () => this.#holder.engine.search(request))
  }

  async #read(request: worker.ReadShardRequest, deadline: Deadline): Promise<Uint8Array> {
    this.#checkServes(request.shard?.epoch)
    await this.#stages.run('barrier', () => this.#passBarrier(request.barrier, deadline))
    return this.#stages.run('engine_read', () => this.#holder.engine.read(request.read))
  }

  #checkServes(epoch: ShardEpoch | undefined): void {
    checkEpoch(this.shardId, this.epoch, epoch)
    if (this.failure !== undefined) {
      throw new VectronError(
        'SHARD_UNAVAILABLE',
        `Shard ${this.shardId} has failed on this worker: ${this.failure.message}`,
        { subject: `shard ${this.shardId}`, cause: this.failure },
      )
    }
  }

  async #passBarrier(barrier: worker.ReadBarrier | undefined, deadline: Deadline): Promise<void> {
    const consistency = barrier?.consistency ?? worker.ReadConsistency.EVENTUAL
    if (!this.#isCaughtUp || consistency === worker.ReadConsistency.STRONG) {
      await this.#host.readBarrier(this.#group, { deadline })
      this.#isCaughtUp = true
    }
    if (barrier !== undefined && consistency === worker.ReadConsistency.SESSION) {
      await this.#machine.waitApplied(logIndex(barrier.minAppliedIndex), deadline)
    }
  }

  #freeExpired(): void {
    this.#stopFreeing = freeExpired({
      clock: this.#clock,
      leading: () => {
        const leads = this.view?.role === 'leader' && this.failure === undefined
        return leads ? this.#holder.openEngine : undefined
      },
      propose: (command) => {
        const deadline = deadlineAfter(this.#clock, LIMITS.requestTimeoutMsDefault)
        return this.#host.propose(this.#group, command, { deadline })
      },
    })
  }

  /** Ends when it is done, or when the replica fails or closes. */
  async #catchUp(): Promise<void> {
    while (!this.#isCaughtUp) {
      try {
        const deadline = deadlineAfter(this.#clock, LIMITS.requestTimeoutMsDefault)
        await this.#host.readBarrier(this.#group, { deadline })
        this.#isCaughtUp = true
      } catch (error) {
        if (!isVectronError(error, 'DEADLINE_EXCEEDED')) return
      }
    }
  }
}

/** The state machine refused the command, on every replica alike; it changed nothing. */
function toRefusal({ reason, message, subject }: engine.EngineError): VectronError {
  return new VectronError(isErrorReason(reason) ? reason : 'INTERNAL', message, {
    ...(subject === '' ? {} : { subject }),
  })
}
