/**
 * Compaction of one group's log.
 *
 * The log may forget what the state machine has made durable, and nothing else. A state machine
 * makes itself durable when it likes; when its log has grown beyond a limit it is asked to. What
 * other replicas may still need is kept too, up to a limit: a replica that was away for a moment
 * should get entries and not a snapshot.
 */
import { isVectronError, type LogIndex, logIndex } from '@vectron/base'
import { higher, lower } from './log-indexes.ts'
import type { StateMachine } from './state-machine.ts'

/** Entries after an index that somebody may need, as far as they are within the newest bytes. */
export interface KeepRule {
  readonly after: LogIndex
  readonly bytesMax: number
}

export interface CompactionOptions {
  readonly stateMachine: StateMachine
  /** Bytes of log from which a checkpoint is asked for. */
  readonly checkpointLogBytes: number
  /** Bytes that compacting must free to be worth a write. */
  readonly compactLogBytes: number
  /** What others may need now. */
  readonly keep: () => readonly KeepRule[]
  /** Makes the log forget entries up to an index. */
  readonly forget: (index: LogIndex) => Promise<void>
  readonly onFailed: (error: unknown) => void
}

/** Entries up to `index` and after the chunk before it. */
interface Chunk {
  readonly index: LogIndex
  readonly bytes: number
}

/** Smaller chunks are joined: few chunks are quick to look through. */
const CHUNK_BYTES = 64 * 1024
/** A chunk goes as a whole, so it is a part of what is worth a compaction. */
const CHUNKS_PER_COMPACTION = 4

export class Compaction {
  readonly #options: CompactionOptions
  readonly #chunkBytes: number
  /** What the log holds, oldest first. */
  #chunks: Chunk[] = []
  #running: Promise<void> | undefined
  /** Others need what could be forgotten; looked at again with the next tick. */
  #isBlocked = false
  #isPaused = false
  #isClosed = false

  constructor(options: CompactionOptions) {
    this.#options = options
    this.#chunkBytes = Math.min(CHUNK_BYTES, options.compactLogBytes / CHUNKS_PER_COMPACTION)
  }

  /** Entries up to `index` were applied; the log holds `bytes` more. */
  add(index: LogIndex, bytes: number): void {
    const last = this.#chunks.at(-1)
    if (last !== undefined && last.bytes + bytes <= this.#chunkBytes) {
      this.#chunks[this.#chunks.length - 1] = { index, bytes: last.bytes + bytes }
    } else {
      this.#chunks.push({ index, bytes })
    }
    this.#startIfWorthIt()
  }

  /** The log was recovered with entries after `start` up to `last`, in so many bytes together. */
  addRecovered(start: LogIndex, last: LogIndex, bytes: number): void {
    const pieces = BigInt(Math.ceil(bytes / this.#chunkBytes))
    for (let piece = 1n; piece <= pieces; piece++) {
      const index = logIndex(start + ((last - start) * piece) / pieces)
      this.#chunks.push({ index, bytes: bytes / Number(pieces) })
    }
    this.#startIfWorthIt()
  }

  onTick(): void {
    if (!this.#isBlocked) return
    this.#isBlocked = false
    this.#startIfWorthIt()
  }

  /** Runs `install` when nothing is under way; the log is empty after it. */
  async restart(install: () => Promise<void>): Promise<void> {
    this.#isPaused = true
    await this.#running
    await install()
    this.#chunks = []
    this.#isPaused = false
  }

  /** Settles when what is under way has ended. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#running
  }

  #startIfWorthIt(): void {
    if (this.#isClosed || this.#isPaused || this.#running !== undefined) return
    const isDue = this.#durableBytes() >= this.#options.compactLogBytes && !this.#isBlocked
    if (isDue || this.#mustCheckpoint()) this.#running = this.#run()
  }

  async #run(): Promise<void> {
    try {
      if (this.#mustCheckpoint()) await this.#options.stateMachine.checkpoint()
      if (!this.#isClosed && !this.#isPaused) await this.#forgetDispensable()
    } catch (error) {
      // A full disk is no failure: the log keeps growing into its reserve, and is asked again.
      if (!isVectronError(error, 'DISK_FULL')) this.#options.onFailed(error)
    } finally {
      this.#running = undefined
    }
  }

  #mustCheckpoint(): boolean {
    const { stateMachine, checkpointLogBytes } = this.#options
    const { durableIndex, appliedIndex } = stateMachine
    return durableIndex < appliedIndex && this.#bytesAfter(durableIndex) >= checkpointLogBytes
  }

  async #forgetDispensable(): Promise<void> {
    const index = this.#dispensableIndex()
    const bytes = this.#chunks.reduce(
      (sum, chunk) => sum + (chunk.index <= index ? chunk.bytes : 0),
      0,
    )
    this.#isBlocked = bytes < this.#options.compactLogBytes
    if (this.#isBlocked) return
    await this.#options.forget(index)
    this.#chunks = this.#chunks.filter((chunk) => chunk.index > index)
  }

  /** Up to here the state machine needs no entry, nor does anybody else within the limits. */
  #dispensableIndex(): LogIndex {
    const { stateMachine, keep } = this.#options
    const limits = keep().map(({ after, bytesMax }) => higher(after, this.#indexBefore(bytesMax)))
    return limits.reduce(lower, stateMachine.durableIndex)
  }

  #durableBytes(): number {
    const durable = this.#options.stateMachine.durableIndex
    const first = this.#chunks[0]
    if (first === undefined || first.index > durable) return 0
    return this.#bytesAfter(logIndex(0n)) - this.#bytesAfter(durable)
  }

  #bytesAfter(index: LogIndex): number {
    let bytes = 0
    for (let at = this.#chunks.length - 1; at >= 0; at--) {
      const chunk = this.#chunks[at]!
      if (chunk.index <= index) break
      bytes += chunk.bytes
    }
    return bytes
  }

  /** What comes after it is the newest `bytesMax` bytes at most. */
  #indexBefore(bytesMax: number): LogIndex {
    let bytes = 0
    for (let at = this.#chunks.length - 1; at >= 0; at--) {
      const chunk = this.#chunks[at]!
      bytes += chunk.bytes
      if (bytes > bytesMax) return chunk.index
    }
    return logIndex(0n)
  }
}
