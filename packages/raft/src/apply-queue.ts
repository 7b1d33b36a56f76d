/**
 * ApplyQueue: committed entries of one group, and snapshots, on their way into its state machine.
 *
 * One batch is applied at a time, in order; what is committed meanwhile gathers into the next
 * batch, up to a limit in bytes. A change of membership is applied to raft first, written to the
 * log, and only then handed to the state machine: a state machine must never be ahead of the
 * configuration that the log knows.
 */
import { assert, type LogIndex, logIndex } from '@vectron/base'
import type { CommittedEntry } from '@vectron/native'
import type { StateMachine } from './state-machine.ts'

export interface ApplyQueueOptions {
  readonly stateMachine: Pick<StateMachine, 'appliedIndex' | 'apply'>
  /** Bytes of one batch; a larger entry goes alone. */
  readonly bytesMax: number
  /** Applies a change of membership and settles when the log has it. */
  readonly applyConfChange: (entry: CommittedEntry) => Promise<void>
  /** Switches the state machine to a snapshot that the log has taken. */
  readonly install: (index: LogIndex) => Promise<void>
  readonly onApplied: (batch: AppliedBatch) => void
  readonly onFailed: (error: unknown) => void
}

export interface AppliedBatch {
  readonly entries: readonly CommittedEntry[]
  readonly results: readonly unknown[]
  readonly lastIndex: LogIndex
  readonly bytes: number
}

export class ApplyQueue {
  readonly #options: ApplyQueueOptions
  /** Comes before all entries that wait. */
  #snapshot: LogIndex | undefined
  #entries: CommittedEntry[] = []
  #running: Promise<void> | undefined
  #isClosed = false

  constructor(options: ApplyQueueOptions) {
    this.#options = options
  }

  push(entries: readonly CommittedEntry[]): void {
    if (this.#isClosed) return
    this.#entries.push(...entries)
    this.#running ??= this.#run()
  }

  /** The log has taken a snapshot, which holds all that waits. */
  pushSnapshot(index: LogIndex): void {
    if (this.#isClosed) return
    this.#snapshot = index
    this.#entries = []
    this.#running ??= this.#run()
  }

  /** Settles when the batch under way is applied; what waits behind it is dropped. */
  async close(): Promise<void> {
    this.#drop()
    await this.#running
  }

  async #run(): Promise<void> {
    try {
      while (this.#snapshot !== undefined || this.#entries.length > 0) await this.#applyNext()
    } catch (error) {
      // A state machine that waits for room on its disk gives up when its replica closes.
      if (!this.#isClosed) this.#options.onFailed(error)
      this.#drop()
    } finally {
      this.#running = undefined
    }
  }

  async #applyNext(): Promise<void> {
    const { stateMachine, applyConfChange, install, onApplied } = this.#options
    const snapshot = this.#snapshot
    if (snapshot !== undefined) {
      this.#snapshot = undefined
      return install(snapshot)
    }
    const { entries, bytes } = this.#takeBatch()
    const [first, last] = [entries[0]!, entries.at(-1)!]
    assert(first.index > stateMachine.appliedIndex, `entry ${first.index} is applied only once`)
    if (first.kind === 'conf-change') await applyConfChange(first)
    const results = await stateMachine.apply(entries)
    assert(results.length === entries.length, 'a state machine answers one result for each entry')
    onApplied({ entries, results, lastIndex: logIndex(last.index), bytes })
  }

  #takeBatch(): { readonly entries: readonly CommittedEntry[]; readonly bytes: number } {
    let bytes = 0
    let count = 0
    for (const entry of this.#entries) {
      const isFull = count > 0 && bytes + entry.data.length > this.#options.bytesMax
      if (isFull || (count > 0 && entry.kind === 'conf-change')) break
      bytes += entry.data.length
      count += 1
      if (entry.kind === 'conf-change') break
    }
    return { entries: this.#entries.splice(0, count), bytes }
  }

  #drop(): void {
    this.#isClosed = true
    this.#snapshot = undefined
    this.#entries = []
  }
}
