/**
 * The shards of this worker: makes what is hosted equal to what placement assigned.
 *
 * Reconciling is idempotent and repeated with every heartbeat answer: a shard that could not be
 * opened is tried again, one that is no longer assigned, or as another replica, is destroyed.
 * Shards open side by side.
 *
 * Invariant: nothing is destroyed before placement, recognised by its cluster id, has answered
 * once.
 */

import {
  type Clock,
  type Disk,
  groupId,
  groupOfShard,
  type Logger,
  type ReplicaId,
  replicaId,
  type ShardId,
  type StageTimer,
  shardId,
  toVectronError,
  VectronError,
} from '@vectron/base'
import type { placement } from '@vectron/contracts'
import type { GroupStatus, RaftLog } from '@vectron/native'
import type { ReplicaHost, Transport } from '@vectron/raft'
import { holdsShard, ShardFolder, type ShardStage, shardOfFolder } from '@vectron/shard'
import { HostedShard, type OpenEngine } from './hosted-shard.ts'
import { lostReplica, type ReplicaMemory } from './replica-memory.ts'

export interface ShardRegistryOptions {
  readonly shardsFolder: string
  readonly host: ReplicaHost
  /** The host's log: groups that it still holds and nobody wants are removed from it. */
  readonly log: Pick<RaftLog, 'groups'>
  readonly memory: ReplicaMemory
  readonly disk: Disk
  readonly openEngine: OpenEngine
  readonly transport: Pick<Transport, 'setMembers'>
  readonly clock: Clock
  readonly stages: StageTimer<ShardStage>
  readonly logger: Logger
  /** Points that may wait for the graph of one shard before its writes slow down. */
  readonly tailPointsMax: number
}

/** A shard that placement assigned, as far as this worker has come with it. */
type Hosting = Open | Failed

interface Open {
  readonly kind: 'open'
  readonly hosted: HostedShard
  /** Milliseconds that were waited before it was opened, after it had failed; 0 at first. */
  readonly pauseMs: number
}

interface Failed {
  readonly kind: 'failed'
  readonly replica: ReplicaId
  readonly error: VectronError
  /** Milliseconds between the last try to open it and the next. */
  readonly pauseMs: number
  /** Monotonic microseconds of the next try. */
  readonly retryAtUs: number
}

/** What the disk holds of all shards. */
interface Found {
  readonly groups: ReadonlySet<bigint>
  readonly folders: ReadonlySet<string>
}

/** A shard that could not be opened. */
export interface FailedShard {
  readonly shardId: ShardId
  readonly replicaId: ReplicaId
  readonly error: VectronError
}

/** Opening may read the whole shard, so one that stays broken is tried less and less often. */
const RETRY_PAUSE_MS_FIRST = 1000
const RETRY_PAUSE_MS_MAX = 60_000

export class ShardRegistry {
  readonly #options: ShardRegistryOptions
  readonly #shards = new Map<ShardId, Hosting>()
  #isClosed = false

  constructor(options: ShardRegistryOptions) {
    this.#options = options
  }

  /** All open shards. */
  get open(): readonly HostedShard[] {
    return [...this.#shards.values()].flatMap((hosting) =>
      hosting.kind === 'open' ? [hosting.hosted] : [],
    )
  }

  /** Shards that could not be opened, and why. */
  get failed(): readonly FailedShard[] {
    return [...this.#shards].flatMap(([id, hosting]) =>
      hosting.kind === 'failed'
        ? [{ shardId: id, replicaId: hosting.replica, error: hosting.error }]
        : [],
    )
  }

  /** Whether a replica has failed that was open: it is to be closed, and opened again. */
  get hasBroken(): boolean {
    return this.open.some(({ isBroken }) => isBroken)
  }

  /** Whether each open shard serves, or has failed: nothing is still on its way. */
  get isServing(): boolean {
    return this.open.every(({ isServing, shard }) => isServing || shard.view === undefined)
  }

  /** @throws VectronError SHARD_NOT_FOUND, SHARD_UNAVAILABLE, UNAVAILABLE */
  find(id: bigint): HostedShard {
    const hosting = this.#shards.get(shardId(id))
    if (hosting?.kind === 'open') return hosting.hosted
    if (this.#isClosed) throw new VectronError('UNAVAILABLE', 'The worker is closing.')
    if (hosting === undefined) {
      throw new VectronError('SHARD_NOT_FOUND', `Shard ${id} is not on this worker.`, {
        subject: `shard ${id}`,
      })
    }
    throw new VectronError(
      'SHARD_UNAVAILABLE',
      `Shard ${id} could not be opened: ${hosting.error.message}`,
      { subject: `shard ${id}`, cause: hosting.error },
    )
  }

  /**
   * Opens, changes and destroys shards to make them as assigned. Never rejects: answers false while
   * one of them is not as assigned, or does not serve yet, which is to be looked at again.
   */
  async reconcile(assignments: readonly placement.Assignment[]): Promise<boolean> {
    const assigned = new Map(assignments.map((entry) => [shardId(entry.shardId), entry]))
    const found = await this.#look()
    const settled = await Promise.all([
      ...[...assigned].map(([id, assignment]) => this.#ensure(id, assignment, found)),
      this.#removeAllBut(assigned),
    ])
    return settled.every((done) => done)
  }

  /** Carries out what placement asks of leaders; what cannot be done now is asked again. */
  carryOut(commands: readonly placement.ShardCommand[]): void {
    for (const { shardId: id, command } of commands) {
      const hosting = this.#shards.get(shardId(id))
      if (hosting?.kind !== 'open') continue
      if (command.case !== 'transferLeadership') continue
      const { shard } = hosting.hosted
      const to = replicaId(command.value.toReplicaId)
      const { view } = shard
      const canGive = view?.role === 'leader' && view.voters.includes(to)
      if (canGive && to !== shard.replicaId) shard.transferLeadership(to)
    }
  }

  /** A group of this worker has changed; answers whether placement should hear of it now. */
  onGroupChanged(status: GroupStatus): boolean {
    const hosting = this.#shards.get(shardId(status.group))
    if (hosting?.kind !== 'open') return false
    this.#tend(hosting.hosted)
    return hosting.hosted.onGroupChanged(status)
  }

  /** Brings groups that this worker leads nearer to their assigned members. */
  tendMembers(): void {
    for (const hosted of this.open) this.#tend(hosted)
  }

  /**
   * Asks other voters to lead what this worker leads; answers how many groups that concerns. Called
   * again while it does: asking twice is nothing.
   */
  handOver(): number {
    return this.open.filter((hosted) => hosted.handOver()).length
  }

  /** Closes every shard; what is applied is durable then. */
  async close(): Promise<void> {
    this.#isClosed = true
    const shards = this.open
    this.#shards.clear()
    await Promise.all(shards.map((hosted) => hosted.close()))
  }

  async #look(): Promise<Found> {
    const { log, disk, shardsFolder } = this.#options
    return { groups: new Set(log.groups()), folders: new Set(await disk.names(shardsFolder)) }
  }

  /** Whether the shard is as assigned now. */
  async #ensure(id: ShardId, assignment: placement.Assignment, found: Found): Promise<boolean> {
    try {
      const hosted = await this.#ensureOpen(id, assignment, found)
      if (hosted === undefined) return false
      await hosted.adopt(assignment)
      this.#tend(hosted)
      const hasSchema = hosted.schemaVersion >= assignment.schemaVersion
      return hasSchema && hosted.hasAssignedMembers && hosted.isServing
    } catch (error) {
      this.#recordFailure(id, replicaId(assignment.replicaId), toVectronError(error))
      return false
    }
  }

  #tend(hosted: HostedShard): void {
    if (hosted.hasAssignedMembers) return
    try {
      hosted.tendMembers()
    } catch (error) {
      // The next look takes the step again.
      this.#options.logger.warn({ shard: hosted.shardId, err: error }, 'members not changed')
    }
  }

  /** Logs a failure when it is a new one: a shard that stays broken is tried again and again. */
  #recordFailure(id: ShardId, replica: ReplicaId, error: VectronError): void {
    const { logger, clock } = this.#options
    const hosting = this.#shards.get(id)
    const known = hosting?.kind === 'failed' && hosting.error.message === error.message
    if (!known) logger.error({ shard: id, err: error }, 'shard not as assigned')
    if (hosting?.kind === 'open' && !hosting.hosted.isBroken) return
    const doubledMs = Math.max(RETRY_PAUSE_MS_FIRST, 2 * (hosting?.pauseMs ?? 0))
    const pauseMs = Math.min(RETRY_PAUSE_MS_MAX, doubledMs)
    const retryAtUs = clock.monotonicUs() + pauseMs * 1000
    this.#shards.set(id, { kind: 'failed', replica, error, pauseMs, retryAtUs })
  }

  /** The open shard; undefined while the next try is not due. */
  async #ensureOpen(
    id: ShardId,
    assignment: placement.Assignment,
    found: Found,
  ): Promise<HostedShard | undefined> {
    const replica = replicaId(assignment.replicaId)
    const hosting = this.#shards.get(id)
    let pauseMs = 0
    if (hosting?.kind === 'open') {
      const { hosted } = hosting
      if (hosted.shard.replicaId !== replica) {
        await this.#destroy(id, hosting)
        return this.#ensureOpen(id, assignment, await this.#look())
      }
      if (!hosted.isBroken) return hosted
      await this.#closeBroken(hosted)
    } else if (hosting?.replica === replica) {
      if (hosting.retryAtUs > this.#options.clock.monotonicUs()) return undefined
      pauseMs = hosting.pauseMs
    }
    const hosted = await this.#openReplica(assignment, replica, found)
    this.#shards.set(id, { kind: 'open', hosted, pauseMs })
    this.#options.logger.info({ shard: id, collection: hosted.collection }, 'shard open')
    return hosted
  }

  /** Lets go of what is left of a replica that failed, and throws why it did. */
  async #closeBroken(hosted: HostedShard): Promise<never> {
    const error = hosted.failure
    try {
      await hosted.close()
    } catch (cause) {
      this.#options.logger.error({ shard: hosted.shardId, err: cause }, 'failed shard not closed')
    }
    throw error
  }

  /** @throws VectronError REPLICA_LOST */
  async #openReplica(
    assignment: placement.Assignment,
    replica: ReplicaId,
    { groups, folders }: Found,
  ): Promise<HostedShard> {
    const { memory, host, disk, shardsFolder } = this.#options
    const id = shardId(assignment.shardId)
    const traces = { inLog: groups.has(groupOfShard(id)), hasFolder: holdsShard(folders, id) }
    const opening = memory.plan(id, replica, traces)
    if (opening.kind === 'lost') throw lostReplica(id, replica, opening.why)
    if (opening.kind === 'create') {
      if (traces.inLog) await host.destroyGroup(groupOfShard(id))
      if (traces.hasFolder) await new ShardFolder({ shardsFolder, shardId: id, disk }).remove()
      await memory.forget(id, replica)
      await memory.begin(id, replica)
    }
    const hosted = await HostedShard.open({ ...this.#options, assignment })
    try {
      await memory.confirm(id, replica)
    } catch (error) {
      await hosted.close()
      throw error
    }
    return hosted
  }

  async #destroy(id: ShardId, hosting: Hosting): Promise<void> {
    this.#shards.delete(id)
    if (hosting.kind === 'open') await hosting.hosted.destroy()
    await this.#options.memory.forget(id)
    this.#options.logger.info({ shard: id }, 'shard destroyed')
  }

  /** Ends what is not assigned, also what is left of shards that went while we were down. */
  async #removeAllBut(assigned: ReadonlyMap<ShardId, unknown>): Promise<boolean> {
    try {
      for (const [id, hosting] of this.#shards) {
        if (!assigned.has(id)) await this.#destroy(id, hosting)
      }
      const left = await this.#look()
      await this.#removeOrphanGroups(assigned, left)
      await this.#removeOrphanFolders(assigned, left)
      return true
    } catch (error) {
      this.#options.logger.error({ err: error }, 'cannot remove a shard that is not assigned')
      return false
    }
  }

  async #removeOrphanGroups(
    assigned: ReadonlyMap<ShardId, unknown>,
    { groups }: Found,
  ): Promise<void> {
    const { host, memory } = this.#options
    for (const group of groups) {
      if (assigned.has(shardId(group))) continue
      await host.destroyGroup(groupId(group))
      await memory.forget(shardId(group))
    }
  }

  async #removeOrphanFolders(
    assigned: ReadonlyMap<ShardId, unknown>,
    { folders }: Found,
  ): Promise<void> {
    const { shardsFolder, disk, logger } = this.#options
    const found = new Set([...folders].map(shardOfFolder))
    for (const id of found) {
      if (id === undefined || assigned.has(id)) continue
      logger.info({ shard: id }, 'removing the folder of a shard that is not assigned')
      await new ShardFolder({ shardsFolder, shardId: id, disk }).remove()
    }
  }
}
