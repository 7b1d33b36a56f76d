/**
 * Compaction of one group's log.
 *
 * The log may forget what the state machine has made durable, and nothing else. A state machine
 * makes itself durable when it likes; when its log has grown beyond a limit it is asked to.
 */
import { isVectronError, type LogIndex } from '@vectron/base'
import type { StateMachine } from './state-machine.ts'

export interface CompactionOptions {
  readonly stateMachine: StateMachine
  /** Bytes of log from which a checkpoint is asked for. */
  readonly checkpointLogBytes: number
  /** Bytes that compacting must free to be worth a write. */
  readonly compactLogBytes: number
  /** Makes the log forget entries up to an index. */
  readonly forget: (index: LogIndex) => Promise<void>
  readonly onFailed: (error: unknown) => void
}

/** Entries up to `index` and after the chunk before it. */
interface Chunk {
  readonly index: LogIndex
  readonly bytes: number
}

export class Compaction {
  readonly #options: CompactionOptions
  /** What the log holds, oldest first. */
  #chunks: Chunk[] = []
  #logBytes = 0
  #running: Promise<void> | undefined
  #isClosed = false

  constructor(options: CompactionOptions) {
    this.#options = options
  }

  /** Entries up to `index` were applied; the log holds `bytes` more. */
  add(index: LogIndex, bytes: number): void {
    this.#chunks.push({ index, bytes })
    this.#logBytes += bytes
    if (!this.#isClosed && this.#isWorthIt()) this.#running ??= this.#run()
  }

  /** Settles when what is under way has ended. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#running
  }

  async #run(): Promise<void> {
    try {
      if (this.#mustCheckpoint()) await this.#options.stateMachine.checkpoint()
      if (!this.#isClosed && this.#durableBytes() >= this.#options.compactLogBytes) {
        await this.#forgetDurable()
      }
    } catch (error) {
      // A full disk is no failure: the log keeps growing into its reserve, and is asked again.
      if (!isVectronError(error, 'DISK_FULL')) this.#options.onFailed(error)
    } finally {
      this.#running = undefined
    }
  }

  #isWorthIt(): boolean {
    return this.#mustCheckpoint() || this.#durableBytes() >= this.#options.compactLogBytes
  }

  #mustCheckpoint(): boolean {
    const { stateMachine, checkpointLogBytes } = this.#options
    const isBehind = stateMachine.durableIndex < stateMachine.appliedIndex
    return isBehind && this.#logBytes - this.#durableBytes() >= checkpointLogBytes
  }

  #durableBytes(): number {
    const durable = this.#options.stateMachine.durableIndex
    let bytes = 0
    for (const chunk of this.#chunks) {
      if (chunk.index > durable) break
      bytes += chunk.bytes
    }
    return bytes
  }

  async #forgetDurable(): Promise<void> {
    const durable = this.#options.stateMachine.durableIndex
    await this.#options.forget(durable)
    const kept = this.#chunks.filter(({ index }) => index > durable)
    this.#chunks = kept
    this.#logBytes = kept.reduce((sum, { bytes }) => sum + bytes, 0)
  }
}
