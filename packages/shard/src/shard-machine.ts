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
import type { CommittedEntry, ShardEngine } from '@vectron/native'
import type { SnapshotReceiver, StateMachine, StateSnapshot } from '@vectron/raft'

/** Milliseconds between attempts to apply while the disk is full. */
const DISK_FULL_PAUSE_MS = 250

interface AppliedWaiter {
  readonly index: LogIndex
  readonly settle: () => void
}

export class ShardMachine implements StateMachine<engine.WriteResult> {
  readonly #engine: ShardEngine
  readonly #clock: Clock
  #waiters: AppliedWaiter[] = []
  #closed = false
  #failure: VectronError | undefined

  constructor(engine: ShardEngine, clock: Clock) {
    this.#engine = engine
    this.#clock = clock
  }

  get appliedIndex(): LogIndex {
    return logIndex(this.#engine.appliedIndex)
  }

  get durableIndex(): LogIndex {
    return logIndex(this.#engine.durableIndex)
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

  async checkpoint(): Promise<LogIndex> {
    return logIndex(await this.#engine.checkpoint())
  }

  async takeSnapshot(): Promise<StateSnapshot> {
    throw new VectronError('UNIMPLEMENTED', 'A shard gives no snapshots.')
  }

  async receiveSnapshot(): Promise<SnapshotReceiver> {
    throw new VectronError('UNIMPLEMENTED', 'A shard takes no snapshots.')
  }

  async installSnapshot(index: LogIndex): Promise<void> {
    throw new VectronError('DATA_CORRUPT', `No snapshot of index ${index} is prepared.`)
  }

  /** A shard takes no snapshots, so none is ever prepared. */
  async dropPreparedSnapshot(): Promise<void> {}

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

  /** Lets an apply that waits for room give up. The engine is closed by who opened it. */
  close(): void {
    this.#closed = true
  }

  async #applyWhenThereIsRoom(
    batch: readonly { readonly index: bigint; readonly command: Uint8Array }[],
  ): Promise<Uint8Array> {
    for (;;) {
      try {
        return await this.#engine.apply(batch)
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
