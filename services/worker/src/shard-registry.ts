/**
 * The shards of this worker: makes what is hosted equal to what placement assigned.
 *
 * Reconciling is idempotent and repeated with every heartbeat answer: a shard that could not be
 * opened is tried again, one that is no longer assigned is destroyed. Shards open side by side.
 *
 * Invariant: nothing is destroyed before placement, recognised by its cluster id, has answered
 * once.
 */

import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Clock,
  type Logger,
  type ShardId,
  shardId,
  toVectronError,
  VectronError,
} from '@vectron/base'
import type { placement } from '@vectron/contracts'
import type { ReplicaHost } from '@vectron/raft'
import { DOOMED, HostedShard, removeShardFolder } from './hosted-shard.ts'

export interface ShardRegistryOptions {
  readonly shardsFolder: string
  readonly host: ReplicaHost
  readonly clock: Clock
  readonly logger: Logger
  /** Points that may wait for the graph of one shard before its writes slow down. */
  readonly tailPointsMax: number
}

/** A shard that placement assigned, as far as this worker has come with it. */
type Hosting =
  | { readonly kind: 'open'; readonly hosted: HostedShard }
  | { readonly kind: 'failed'; readonly error: VectronError }

export class ShardRegistry {
  readonly #options: ShardRegistryOptions
  readonly #shards = new Map<ShardId, Hosting>()

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
  get failed(): ReadonlyMap<ShardId, VectronError> {
    const failed = new Map<ShardId, VectronError>()
    for (const [id, hosting] of this.#shards) {
      if (hosting.kind === 'failed') failed.set(id, hosting.error)
    }
    return failed
  }

  /** @throws VectronError SHARD_NOT_FOUND, SHARD_UNAVAILABLE */
  find(id: bigint): HostedShard {
    const hosting = this.#shards.get(shardId(id))
    if (hosting?.kind === 'open') return hosting.hosted
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
   * Opens, changes and destroys shards to make them as assigned. Never rejects for one shard:
   * answers false while one of them is not as assigned, which is to be tried again.
   */
  async reconcile(assignments: readonly placement.Assignment[]): Promise<boolean> {
    await mkdir(this.#options.shardsFolder, { recursive: true })
    const assigned = new Map(assignments.map((entry) => [shardId(entry.shardId), entry]))
    const settled = await Promise.all(
      [...assigned].map(([id, assignment]) => this.#ensure(id, assignment)),
    )
    await this.#removeAllBut(assigned)
    return settled.every((done) => done)
  }

  /** Closes every shard; what is applied is durable then. */
  async close(): Promise<void> {
    const shards = this.open
    this.#shards.clear()
    await Promise.all(shards.map((hosted) => hosted.close()))
  }

  /** Whether the shard is as assigned now. */
  async #ensure(id: ShardId, assignment: placement.Assignment): Promise<boolean> {
    try {
      const hosted = await this.#ensureOpen(id, assignment)
      await hosted.adopt(assignment)
      return hosted.schemaVersion >= assignment.schemaVersion
    } catch (error) {
      this.#recordFailure(id, toVectronError(error))
      return false
    }
  }

  /** Logs a failure when it is a new one: a shard that stays broken is tried again and again. */
  #recordFailure(id: ShardId, error: VectronError): void {
    const hosting = this.#shards.get(id)
    const known = hosting?.kind === 'failed' && hosting.error.message === error.message
    if (!known) this.#options.logger.error({ shard: id, err: error }, 'shard not as assigned')
    if (hosting?.kind !== 'open') this.#shards.set(id, { kind: 'failed', error })
  }

  async #ensureOpen(id: ShardId, assignment: placement.Assignment): Promise<HostedShard> {
    const hosting = this.#shards.get(id)
    if (hosting?.kind === 'open') return hosting.hosted
    const hosted = await HostedShard.open({ ...this.#options, assignment })
    this.#shards.set(id, { kind: 'open', hosted })
    this.#options.logger.info({ shard: id, collection: hosted.collection }, 'shard open')
    return hosted
  }

  async #removeAllBut(assigned: ReadonlyMap<ShardId, unknown>): Promise<void> {
    for (const [id, hosting] of this.#shards) {
      if (assigned.has(id)) continue
      this.#shards.delete(id)
      if (hosting.kind === 'open') await hosting.hosted.destroy()
      this.#options.logger.info({ shard: id }, 'shard destroyed')
    }
    await this.#removeOrphanFolders(assigned)
  }

  /** Folders of shards that this worker no longer hosts, for instance deleted while it was down. */
  async #removeOrphanFolders(assigned: ReadonlyMap<ShardId, unknown>): Promise<void> {
    const { shardsFolder, logger } = this.#options
    for (const name of await readdir(shardsFolder)) {
      const match = /^([0-9]+)(\.removed)?$/.exec(name)
      const orphan = match?.[1] !== undefined && !assigned.has(shardId(BigInt(match[1])))
      if (!orphan && !name.endsWith(DOOMED)) continue
      logger.info({ folder: name }, 'removing the folder of a shard that is not assigned')
      await removeShardFolder(join(shardsFolder, name))
    }
  }
}
