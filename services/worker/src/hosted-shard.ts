/**
 * One shard on this worker, from its assignment to its end.
 *
 * Knows what an assignment means for engine and group. What lies on the disk, and what becomes of
 * it when a snapshot arrives or the shard goes, is the engine holder's (packages/shard).
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import {
  type Clock,
  type Deadline,
  type Disk,
  deadlineAfter,
  groupOfShard,
  isVectronError,
  LIMITS,
  type LogIndex,
  replicaId,
  type ShardId,
  type StageTimer,
  shardId,
  VectronError,
} from '@vectron/base'
import { engine, type placement, worker } from '@vectron/contracts'
import type { GroupStatus, ShardEngine, ShardEngineOptions } from '@vectron/native'
import { chooseSuccessor, type GroupMember, type ReplicaHost, type Transport } from '@vectron/raft'
import {
  type AppliedWrite,
  EngineHolder,
  encodeCommand,
  Shard,
  type ShardEpoch,
  ShardFolder,
  type ShardStage,
} from '@vectron/shard'

/** Membership version of a group's first members. */
const BOOTSTRAP_MEMBERSHIP = 1n

/** Microseconds. */
const FIGURES_AGE_US_MAX = 5_000_000
const FIGURES_AT_REST_AGE_US_MAX = 60_000_000

/** Opens the engine of a folder. */
export type OpenEngine = (options: ShardEngineOptions) => Promise<ShardEngine>

export interface HostedShardOptions {
  readonly assignment: placement.Assignment
  /** Folder of all shards of the worker. */
  readonly shardsFolder: string
  readonly host: ReplicaHost
  readonly transport: Pick<Transport, 'setMembers'>
  readonly disk: Disk
  readonly openEngine: OpenEngine
  readonly clock: Clock
  readonly stages: StageTimer<ShardStage>
  readonly tailPointsMax: number
}

export class HostedShard {
  readonly shard: Shard
  readonly collection: string
  readonly #transport: Pick<Transport, 'setMembers'>
  readonly #clock: Clock
  /** What placement assigned last. */
  #assignment: placement.Assignment
  #schemaVersion: bigint
  #figures: ShardFigures | undefined
  #lastChange: { readonly leads: boolean; readonly membershipVersion: bigint } | undefined
  /** The membership version that the group is known to have reached; it never goes back. */
  #membership = 0n

  static async open(options: HostedShardOptions): Promise<HostedShard> {
    const { assignment, shardsFolder, disk, openEngine, tailPointsMax } = options
    const folder = new ShardFolder({ shardsFolder, shardId: shardId(assignment.shardId), disk })
    const config = encodeConfig(assignment)
    const holder = await EngineHolder.open({
      folder,
      openEngine: (path) => openEngine({ folder: path, config, tailPointsMax }),
    })
    try {
      return new HostedShard(options, await joinGroup(options, holder))
    } catch (error) {
      await holder.close()
      throw isVectronError(error, 'DATA_CORRUPT') ? nameFolder(error, folder.path) : error
    }
  }

  private constructor(options: HostedShardOptions, shard: Shard) {
    const { assignment, transport, clock } = options
    this.shard = shard
    this.collection = assignment.collection?.name ?? ''
    this.#transport = transport
    this.#clock = clock
    this.#assignment = assignment
    // The engine keeps no version; what it has declared tells whether it has this one.
    this.#schemaVersion = this.#declares(assignment) ? assignment.schemaVersion : 0n
    this.#tellPlaces()
  }

  get shardId(): ShardId {
    return this.shard.shardId
  }

  /** The version of the payload schema that the shard has reached. */
  get schemaVersion(): bigint {
    return this.#schemaVersion
  }

  /** Whether it serves nothing more: its group or its state machine has failed. */
  get isBroken(): boolean {
    return this.shard.failure !== undefined || this.shard.view === undefined
  }

  /** Why it serves nothing more. */
  get failure(): VectronError {
    const { failure } = this.shard
    return failure ?? new VectronError('SHARD_UNAVAILABLE', 'Its Raft group has failed.')
  }

  /** Whether reads are answered: there is a leader, and all that was acknowledged is applied. */
  get isServing(): boolean {
    return this.shard.isCaughtUp && (this.shard.view?.leader ?? 0n) !== 0n
  }

  /** Counts, bytes and fields, as the engine reports them. */
  report(): worker.ShardReport {
    return fromBinary(worker.ShardReportSchema, this.shard.report())
  }

  /**
   * The figures of heartbeats, the same ones until they are old: asking the engine costs more than
   * telling. They are seconds old at most; of a shard at rest, a minute.
   */
  recentFigures(appliedIndex: LogIndex): ShardFigures {
    const nowUs = this.#clock.monotonicUs()
    const old = this.#figures
    if (old !== undefined && nowUs - old.atUs <= figuresAgeUsMax(old, appliedIndex)) return old
    this.#figures = { ...figuresOf(this.report()), appliedIndex, atUs: nowUs }
    return this.#figures
  }

  /** Whether the group has the members that are assigned, as far as this replica knows. */
  get hasAssignedMembers(): boolean {
    const version = this.#assignment.epoch?.membership ?? 0n
    if (this.#membership < version) this.#membership = this.shard.epoch.membership
    return this.#membership >= version
  }

  /**
   * Takes the next step towards the members that are assigned, when this replica leads. Called
   * again and again; does not wait for the step's end.
   */
  tendMembers(): void {
    if (this.shard.view?.role !== 'leader') return
    const { epoch } = this.#assignment
    this.shard.changeMembers(membersOf(this.#assignment), epoch?.membership ?? 0n)
  }

  /** Whether placement waits for this: a new leader, or a leader's group with other members. */
  onGroupChanged({ role, membershipVersion }: GroupStatus): boolean {
    const leads = role === 'leader'
    const before = this.#lastChange
    this.#lastChange = { leads, membershipVersion }
    if (before === undefined || before.leads !== leads) return leads || before?.leads === true
    return leads && before.membershipVersion !== membershipVersion
  }

  /**
   * Asks the fittest other voter to lead; false when this replica does not, or there is none. One
   * that has just been elected has heard of no other yet: it is to be asked again.
   */
  handOver(): boolean {
    const { status } = this.shard
    if (this.shard.view?.role !== 'leader' || status === undefined) return false
    const heir = chooseSuccessor(status)
    if (heir !== undefined) this.shard.transferLeadership(replicaId(heir.replica))
    return status.voters.length > 1
  }

  /**
   * As `Shard.write`; a refusal for want of leadership names the leader's worker, where known, in
   * its metadata.
   */
  async write(
    epoch: ShardEpoch | undefined,
    command: Uint8Array,
    deadline: Deadline,
  ): Promise<AppliedWrite> {
    try {
      return await this.shard.write(epoch, command, deadline)
    } catch (error) {
      throw isVectronError(error, 'NOT_LEADER') ? this.#nameLeader(error) : error
    }
  }

  /** Brings what changed in the assignment to the shard. Only a leader can add payload fields. */
  async adopt(assignment: placement.Assignment): Promise<void> {
    this.#assignment = assignment
    this.shard.adoptRange(assignment.epoch?.range ?? 0n)
    this.#tellPlaces()
    if (this.#schemaVersion >= assignment.schemaVersion) return
    if (!this.#declares(assignment)) {
      if (this.shard.view?.role !== 'leader') return
      await this.#declare(assignment)
    }
    this.#schemaVersion = assignment.schemaVersion
  }

  close(): Promise<void> {
    return this.shard.close()
  }

  /** Ends the shard on this worker and removes its data. */
  destroy(): Promise<void> {
    return this.shard.destroy()
  }

  #tellPlaces(): void {
    const places = this.#assignment.members.map((member) => ({
      replica: replicaId(member.replicaId),
      nodeId: member.workerId,
    }))
    this.#transport.setMembers(groupOfShard(this.shardId), places)
  }

  #nameLeader(error: VectronError): VectronError {
    const leader = BigInt(error.metadata?.['leader'] ?? 0)
    const member = this.#assignment.members.find(({ replicaId }) => replicaId === leader)
    const named = member === undefined ? {} : { leaderWorkerId: member.workerId.toString() }
    return new VectronError('NOT_LEADER', error.message, {
      subject: `shard ${this.shardId}`,
      metadata: { ...error.metadata, ...named },
      cause: error,
    })
  }

  async #declare(assignment: placement.Assignment): Promise<void> {
    const payloadSchema = assignment.collection?.payloadSchema ?? {}
    const value = create(engine.SetSchemaSchema, { payloadSchema })
    const requestId = `schema ${assignment.shardId} ${assignment.schemaVersion}`
    const head = { requestId, timeMs: this.#clock.nowMs() }
    const command = encodeCommand(head, { case: 'setSchema', value })
    const deadline = deadlineAfter(this.#clock, LIMITS.requestTimeoutMsDefault)
    await this.shard.write(this.shard.epoch, command, deadline)
  }

  #declares(assignment: placement.Assignment): boolean {
    const declared = new Set(
      this.report()
        .fields.filter((field) => field.declared)
        .map(({ field }) => field),
    )
    const wanted = Object.keys(assignment.collection?.payloadSchema ?? {})
    return wanted.every((field) => declared.has(field))
  }
}

/** What heartbeats tell of a replica's data. */
export interface ShardFigures {
  readonly pointsCount: bigint
  readonly indexedCount: bigint
  readonly diskBytes: bigint
  /** What was applied when the engine was asked. */
  readonly appliedIndex: LogIndex
  /** Monotonic microseconds at that time. */
  readonly atUs: number
}

/** At rest, what an engine does aside (checkpoints, say) moves its bytes a little. */
function figuresAgeUsMax(old: ShardFigures, appliedIndex: LogIndex): number {
  const isAtRest = old.appliedIndex === appliedIndex && old.indexedCount === old.pointsCount
  return isAtRest ? FIGURES_AT_REST_AGE_US_MAX : FIGURES_AGE_US_MAX
}

function figuresOf({ stats }: worker.ShardReport): Omit<ShardFigures, 'appliedIndex' | 'atUs'> {
  const bytes = stats?.bytes
  const store = bytes?.storeDisk ?? 0n
  const rest = (bytes?.vectorsDisk ?? 0n) + (bytes?.checkpointDisk ?? 0n)
  return {
    pointsCount: stats?.pointsCount ?? 0n,
    indexedCount: stats?.indexedCount ?? 0n,
    diskBytes: store + rest,
  }
}

function joinGroup(options: HostedShardOptions, holder: EngineHolder): Promise<Shard> {
  const { assignment, host, clock, stages } = options
  return Shard.open({
    shardId: shardId(assignment.shardId),
    replicaId: replicaId(assignment.replicaId),
    members: isBootstrap(assignment) ? membersOf(assignment) : [],
    range: assignment.epoch?.range ?? 0n,
    holder,
    host,
    clock,
    stages,
  })
}

/** A group begins with its first members, the same on each of them; whoever comes later joins. */
function isBootstrap({ epoch }: placement.Assignment): boolean {
  return epoch?.membership === BOOTSTRAP_MEMBERSHIP
}

function membersOf({ members }: placement.Assignment): GroupMember[] {
  return members.map(({ replicaId: id, learner }) => ({ replica: replicaId(id), learner }))
}

/** The log and the folder contradict each other, for instance because the folder was emptied. */
function nameFolder(error: VectronError, folder: string): VectronError {
  const message = `The shard in ${folder} does not fit its log: ${error.message}`
  return new VectronError(error.reason, message, { subject: folder, cause: error })
}

function encodeConfig({ shardId, collection }: placement.Assignment): Uint8Array {
  if (collection === undefined) {
    throw new VectronError('INTERNAL', `The assignment of shard ${shardId} has no collection.`)
  }
  const { dimension, metric, payloadSchema } = collection
  const config = create(engine.ShardConfigSchema, { shardId, dimension, metric, payloadSchema })
  return toBinary(engine.ShardConfigSchema, config)
}
