/**
 * What this worker remembers of the replicas that it created, on its disk.
 *
 * A replica that lost any durable state must never come back under its id: it has promised votes
 * and entries that it no longer knows. So an id is written down before its replica is created, and
 * one that was written down and is not there any more is lost for good.
 *
 * Changes that come while a write is under way share the next one.
 */
import { type Disk, type ReplicaId, type ShardId, VectronError } from '@vectron/base'
import { type IdentityRecord, type RememberedReplica, writeIdentity } from './identity.ts'

/** Destroyed replicas that are remembered: placement's news may be older, but not by as many. */
const GONE_MAX = 10_000

export interface ReplicaMemoryOptions {
  readonly folder: string
  readonly disk: Disk
  readonly record: IdentityRecord
}

/** What the log and the shards' folder hold of a shard. */
export interface ReplicaTraces {
  readonly inLog: boolean
  readonly hasFolder: boolean
}

/** What must be done before a replica that is assigned can be opened. */
export type Opening =
  /** Its log is here: open it. */
  | { readonly kind: 'open' }
  /** It was never here, or never promised anything: remove what lies there, and create it. */
  | { readonly kind: 'create' }
  /** It was here and is not any more, or was destroyed. */
  | { readonly kind: 'lost'; readonly why: string }

export class ReplicaMemory {
  readonly #folder: string
  readonly #disk: Disk
  readonly #record: IdentityRecord
  readonly #replicas: Map<ReplicaId, RememberedReplica>
  #writing: Promise<void> = Promise.resolve()
  /** The write that has not begun: what changes now is in it. */
  #next: Promise<void> | undefined

  constructor({ folder, disk, record }: ReplicaMemoryOptions) {
    this.#folder = folder
    this.#disk = disk
    this.#record = record
    this.#replicas = new Map(record.replicas.map((replica) => [replica.replicaId, replica]))
  }

  /** How to open a replica that is assigned. */
  plan(shard: ShardId, replica: ReplicaId, { inLog, hasFolder }: ReplicaTraces): Opening {
    const known = this.#replicas.get(replica)
    switch (known?.state) {
      case 'gone':
        return { kind: 'lost', why: 'it was destroyed here before' }
      case 'created':
        // A folder that is gone is filled again by the log, if the log still reaches back so far.
        return inLog ? { kind: 'open' } : { kind: 'lost', why: 'the log no longer holds it' }
      case 'creating':
        // What is not in the log has not promised anything to anybody.
        return { kind: inLog ? 'open' : 'create' }
      case undefined:
        return this.#isOthers(shard) || !(inLog || hasFolder)
          ? { kind: 'create' }
          : { kind: 'open' }
    }
  }

  /** Settles when it is on stable storage that the replica is about to be created. */
  begin(shardId: ShardId, replicaId: ReplicaId): Promise<void> {
    this.#replicas.set(replicaId, { replicaId, shardId, state: 'creating' })
    return this.#save()
  }

  /** The replica's first state is on stable storage. */
  async confirm(shardId: ShardId, replicaId: ReplicaId): Promise<void> {
    if (this.#replicas.get(replicaId)?.state === 'created') return
    this.#replicas.set(replicaId, { replicaId, shardId, state: 'created' })
    try {
      await this.#save()
    } catch (error) {
      // The file does not say so: it is to be written with the next attempt.
      this.#replicas.set(replicaId, { replicaId, shardId, state: 'creating' })
      throw error
    }
  }

  /**
   * Whatever replica of the shard was here is destroyed; but for the one that is about to be
   * created, which an earlier attempt may have left here.
   */
  async forget(shard: ShardId, kept?: ReplicaId): Promise<void> {
    const ended = [...this.#replicas.values()].filter(
      ({ shardId, replicaId, state }) =>
        shardId === shard && replicaId !== kept && state !== 'gone',
    )
    if (ended.length === 0) return
    for (const replica of ended) {
      // Behind the others, in the order in which they went.
      this.#replicas.delete(replica.replicaId)
      this.#replicas.set(replica.replicaId, { ...replica, state: 'gone' })
    }
    this.#dropOldest()
    await this.#save()
  }

  /** Whether what lies here of the shard belongs to another replica than one that is unknown. */
  #isOthers(shard: ShardId): boolean {
    return [...this.#replicas.values()].some(
      ({ shardId, state }) => shardId === shard && state !== 'gone',
    )
  }

  #dropOldest(): void {
    const gone = [...this.#replicas.values()].filter(({ state }) => state === 'gone')
    for (const { replicaId } of gone.slice(0, Math.max(0, gone.length - GONE_MAX))) {
      this.#replicas.delete(replicaId)
    }
  }

  #save(): Promise<void> {
    this.#next ??= this.#writing
      .catch(() => {})
      .then(() => {
        this.#writing = this.#next ?? Promise.resolve()
        this.#next = undefined
        const replicas = [...this.#replicas.values()]
        return writeIdentity(this.#folder, { ...this.#record, replicas }, this.#disk)
      })
    return this.#next
  }
}

/** What a replica that is lost answers and reports. */
export function lostReplica(shard: ShardId, replica: ReplicaId, why: string): VectronError {
  return new VectronError('REPLICA_LOST', `Replica ${replica} of shard ${shard} is lost: ${why}.`, {
    subject: `shard ${shard}`,
  })
}
