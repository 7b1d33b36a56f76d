/**
 * The state machine of a shard: committed log entries go into the engine, one batch at a time.
 *
 * The engine writes points and the index of their entry in one transaction, so an entry is applied
 * exactly once however often a crash makes the log replay it. Entries without a command (elections,
 * membership) go in too, empty: the applied index moves with each.
 *
 * A full disk is waited out: the entry is committed and must be applied; nothing else may be
 * applied before it. Any other failure is final for this replica, and others of the process go on.
 */

import { fromBinary } from '@bufbuild/protobuf'
import {
  assert,
  type Clock,
  type Deadline,
  isVectronError,
  type LogIndex,
  logIndex,
  sleep,
  toVectronError,
  VectronError,
} from '@vectron/base'
import { engine } from '@vectron/contracts'
import type { CommittedEntry } from '@vectron/native'
import type { SnapshotManifest, SnapshotReceiver, StateMachine, StateSnapshot } from '@vectron/raft'
import type { EngineHolder } from './engine-holder.ts'

/** Milliseconds between attempts to apply while the disk is full. */
const DISK_FULL_PAUSE_MS = 250

interface AppliedWaiter {
  readonly index: LogIndex
  readonly settle: () => void
}

export class ShardMachine implements StateMachine<engine.WriteResult> {
  readonly #holder: EngineHolder
  readonly #clock: Clock
  #waiters: AppliedWaiter[] = []
  #closed = false
  #isInstalling = false
  #failure: VectronError | undefined
  #damage: VectronError | undefined

  constructor(holder: EngineHolder, clock: Clock) {
    this.#holder = holder
    this.#clock = clock
  }

  get appliedIndex(): LogIndex {
    return this.#holder.appliedIndex
  }

  get durableIndex(): LogIndex {
    return this.#holder.durableIndex
  }

  /** Why this replica can apply nothing more; undefined while it can. */
  get failure(): VectronError | undefined {
    return this.#failure
  }

  async apply(entries: readonly CommittedEntry[]): Promise<readonly engine.WriteResult[]> {
    const batch = entries.map(({ index, kind, data }) => ({
      index,
      command: kind === 'command' ? data : new Uint8Array(),
    }))
    const encoded = await this.#applyWhenThereIsRoom(batch)
    const { results } = fromBinary(engine.ApplyResultSchema, encoded)
    assert(results.length === entries.length, 'the engine answers one result for each entry')
    this.#wakeWaiters()
    return results
  }

  /** While a snapshot is installed there is nothing to make durable: it is durable already. */
  async checkpoint(): Promise<LogIndex> {
    if (this.#isInstalling) return this.durableIndex
    return logIndex(await this.#holder.engine.checkpoint())
  }

  /**
   * What of this replica's data was found damaged by the last snapshot of it. It serves what is
   * sound and applies what comes, but no other replica can be made of it.
   */
  get damage(): VectronError | undefined {
    return this.#damage
  }

  async takeSnapshot(): Promise<StateSnapshot> {
    try {
      const snapshot = await this.#holder.takeSnapshot()
      this.#damage = undefined
      return snapshot
    } catch (error) {
      if (isVectronError(error, 'DATA_CORRUPT')) this.#damage = error
      throw error
    }
  }

  receiveSnapshot(manifest: SnapshotManifest): Promise<SnapshotReceiver> {
    return this.#holder.receiveSnapshot(manifest)
  }

  /** Requests get SHARD_UNAVAILABLE meanwhile. A failure is final: the switch may be half done. */
  async installSnapshot(index: LogIndex): Promise<void> {
    this.#isInstalling = true
    try {
      await this.#holder.installSnapshot(index)
    } catch (error) {
      this.#failure = toVectronError(error)
      throw this.#failure
    } finally {
      this.#isInstalling = false
    }
    this.#wakeWaiters()
  }

  dropPreparedSnapshot(): Promise<void> {
    return this.#holder.dropPreparedSnapshot()
  }

  /**
   * Settles when the entry at `index` is applied.
   *
   * @throws VectronError DEADLINE_EXCEEDED
   */
  async waitApplied(index: LogIndex, deadline: Deadline): Promise<void> {
    if (this.appliedIndex >= index) return
    await new Promise<void>((resolve, reject) => {
      const waiter: AppliedWaiter = {
        index,
        settle: () => {
          cancel()
          resolve()
        },
      }
      const cancel = this.#clock.setTimer(deadline.remainingMs(), () => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter)
        const behind = `applied ${this.appliedIndex}, asked for ${index}`
        reject(new VectronError('DEADLINE_EXCEEDED', `The replica is behind: ${behind}.`))
      })
      this.#waiters.push(waiter)
    })
  }

  /** Lets an apply that waits for room give up. The engine is closed by its holder. */
  close(): void {
    this.#closed = true
  }

  async #applyWhenThereIsRoom(
    batch: readonly { readonly index: bigint; readonly command: Uint8Array }[],
  ): Promise<Uint8Array> {
    for (;;) {
      try {
        return await this.#holder.engine.apply(batch)
      } catch (error) {
        if (this.#closed || !isVectronError(error, 'DISK_FULL')) {
          this.#failure = toVectronError(error)
          throw this.#failure
        }
      }
      await sleep(this.#clock, DISK_FULL_PAUSE_MS)
    }
  }

  #wakeWaiters(): void {
    if (this.#waiters.length === 0) return
    const applied = this.appliedIndex
    const reached = this.#waiters.filter(({ index }) => index <= applied)
    this.#waiters = this.#waiters.filter(({ index }) => index > applied)
    for (const { settle } of reached) settle()
  }
}
