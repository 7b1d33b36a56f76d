/**
 * Read barriers of one group: waits until the replica has applied all that was acknowledged before.
 *
 * ReadIndex (Ongaro's thesis, section 6.4): the leader confirms by a round of heartbeats that it
 * still leads, and tells the index that it had committed when it was asked. All readers that wait
 * share one question; those that come later share the next. Every attempt has a context of its own,
 * because an answer to an earlier attempt may be older than a later reader. Raft drops questions
 * without a word (no leader, nothing committed in this term), so unanswered ones are asked again.
 *
 * There are no lease reads: they rest on ticks, and a stalled process does not tick.
 */
import {
  concatBytes,
  type Deadline,
  type LogIndex,
  toHex,
  u64ToBytes,
  VectronError,
} from '@vectron/base'

interface Reader {
  readonly deadline: Deadline
  readonly resolve: (index: LogIndex) => void
  readonly reject: (error: VectronError) => void
}

interface Attempt {
  readonly context: string
  /** Ticks since it was asked. */
  age: number
  readonly readers: Reader[]
}

interface Answered {
  readonly index: LogIndex
  readonly readers: readonly Reader[]
}

export interface ReadBarrierOptions {
  /** Tells contexts of this life of the process from those of earlier ones. */
  readonly bootEpoch: bigint
  readonly retryTicks: number
  /** Asks raft; false when it would drop the question. */
  readonly ask: (context: Uint8Array) => boolean
  readonly applied: () => LogIndex
}

export class ReadBarrier {
  readonly #options: ReadBarrierOptions
  /** Wait for the next question. */
  #waiting: Reader[] = []
  #attempt: Attempt | undefined
  /** Know their index and wait for it to be applied. */
  #answered: Answered[] = []
  #lastContext = 0n

  constructor(options: ReadBarrierOptions) {
    this.#options = options
  }

  /**
   * Settles with an index that is applied here and covers every write acknowledged before the call.
   *
   * @throws VectronError DEADLINE_EXCEEDED
   */
  pass(deadline: Deadline): Promise<LogIndex> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ deadline, resolve, reject })
      this.askNext()
    })
  }

  /** Asks for those who wait, unless a question is open. */
  askNext(): void {
    if (this.#attempt !== undefined || this.#waiting.length === 0) return
    const context = this.#freshContext()
    if (!this.#options.ask(context)) return
    this.#attempt = { context: toHex(context), age: 0, readers: this.#waiting }
    this.#waiting = []
  }

  /** Raft answered a question. */
  answer(context: Uint8Array, index: LogIndex): void {
    const attempt = this.#attempt
    if (attempt === undefined || attempt.context !== toHex(context)) return
    this.#attempt = undefined
    this.#answered.push({ index, readers: attempt.readers })
    this.onApplied()
    this.askNext()
  }

  /** More entries are applied. */
  onApplied(): void {
    if (this.#answered.length === 0) return
    const applied = this.#options.applied()
    const ready = this.#answered.filter(({ index }) => index <= applied)
    this.#answered = this.#answered.filter(({ index }) => index > applied)
    for (const { index, readers } of ready) for (const { resolve } of readers) resolve(index)
  }

  onTick(): void {
    if (this.#isIdle) return
    this.#expire()
    if (this.#attempt !== undefined && ++this.#attempt.age >= this.#options.retryTicks) {
      this.#waiting = [...this.#attempt.readers, ...this.#waiting]
      this.#attempt = undefined
    }
    this.askNext()
  }

  abandonAll(error: () => VectronError): void {
    const readers = this.#takeReaders(() => true)
    for (const { reject } of readers) reject(error())
  }

  /** As almost all groups are at almost any tick. */
  get #isIdle(): boolean {
    const open = this.#waiting.length + this.#answered.length
    return open === 0 && this.#attempt === undefined
  }

  #expire(): void {
    for (const { reject } of this.#takeReaders(({ deadline }) => deadline.passed)) {
      const text = 'The time allowed ran out before a leader confirmed the read.'
      reject(new VectronError('DEADLINE_EXCEEDED', text))
    }
  }

  #takeReaders(isTaken: (reader: Reader) => boolean): Reader[] {
    const taken: Reader[] = []
    const keep = (reader: Reader) => {
      if (isTaken(reader)) taken.push(reader)
      return !isTaken(reader)
    }
    this.#waiting = this.#waiting.filter(keep)
    if (this.#attempt !== undefined) {
      const { context, age, readers } = this.#attempt
      this.#attempt = { context, age, readers: readers.filter(keep) }
    }
    this.#answered = this.#answered.map(({ index, readers }) => ({
      index,
      readers: readers.filter(keep),
    }))
    return taken
  }

  #freshContext(): Uint8Array {
    this.#lastContext += 1n
    return concatBytes([u64ToBytes(this.#options.bootEpoch), u64ToBytes(this.#lastContext)])
  }
}
