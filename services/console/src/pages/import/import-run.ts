/**
 * One import under way: reads, writes, counts, can be paused and stopped, and saves how far it is
 * after every batch. What a component shows of it is `state`.
 */

import type { Mapping } from './reading/mapping.ts'
import type { FileLayout, Place } from './reading/record.ts'
import type { FileBatch, RowProblem } from './reading/worker-messages.ts'
import type { RowReader } from './row-reader.ts'
import { forgetImport, PROBLEMS_KEPT, type SavedImport, saveImport } from './saved-imports.ts'
import { type BatchWriter, type WrittenBatch, writeBatches } from './write-batches.ts'

export interface ImportState {
  readonly phase: 'running' | 'paused' | 'failed' | 'stopped' | 'done'
  /** Everything before it is done. */
  readonly place: Place
  readonly written: number
  readonly failed: number
  /** The first ones. */
  readonly problems: readonly RowProblem[]
  /** Why it failed. */
  readonly error: unknown
  /** Of this page, since it began or was taken up. */
  readonly bytesPerSecond: number
  readonly rowsPerSecond: number
}

export interface ImportRunOptions {
  readonly reader: RowReader
  readonly layout: FileLayout
  readonly mapping: Mapping
  /** Where it begins, or went on last. */
  readonly saved: SavedImport
  readonly write: BatchWriter
}

/** Points of one request, by how large their vectors are. */
const BATCH_POINTS_MAX = 1000
const BATCH_COMPONENTS_MAX = 400_000

export class ImportRun {
  readonly #options: ImportRunOptions
  readonly #listeners = new Set<() => void>()
  #state: ImportState
  #resume: (() => void) | undefined
  /** For the rate: what was done when it was set going. */
  #from = { ms: 0, bytes: 0, rows: 0 }

  constructor(options: ImportRunOptions) {
    this.#options = options
    const { place, written, failed, problems } = options.saved
    const rates = { bytesPerSecond: 0, rowsPerSecond: 0 }
    const counts = { place, written, failed, problems }
    this.#state = { phase: 'paused', ...counts, ...rates, error: undefined }
  }

  get state(): ImportState {
    return this.#state
  }

  /** For useSyncExternalStore. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Begins, goes on after a pause, or tries again after a failure. */
  readonly go = (): void => {
    const { phase, place, written, failed } = this.#state
    if (phase !== 'paused' && phase !== 'failed') return
    this.#from = { ms: performance.now(), bytes: place.offset, rows: written + failed }
    this.#change({ phase: 'running', error: undefined })
    if (this.#resume === undefined) this.#run()
    else this.#resume()
  }

  readonly pause = (): void => {
    if (this.#state.phase === 'running') this.#change({ phase: 'paused' })
  }

  /** What is written stays; what is saved of the way goes. */
  readonly stop = (): void => {
    if (this.#state.phase === 'done') return
    this.#change({ phase: 'stopped' })
    this.#resume?.()
    forgetImport(this.#options.saved.projectId, this.#options.saved.file)
  }

  /** Ends without a word, for a page that is left: it can be taken up again. */
  close(): void {
    this.#listeners.clear()
    if (this.#state.phase !== 'done') this.#state = { ...this.#state, phase: 'stopped' }
    this.#resume?.()
    this.#options.reader.close()
  }

  async #run(): Promise<void> {
    const { reader, layout, mapping, saved, write } = this.#options
    try {
      await reader.start(layout, mapping, this.#state.place)
      for await (const batch of writeBatches(this.#batches(), saved.runId, write)) this.#take(batch)
    } catch (error) {
      if (this.#state.phase !== 'stopped') this.#change({ phase: 'failed', error })
    }
  }

  /** Waits while it is paused, and ends when it is stopped. */
  async *#batches(): AsyncGenerator<FileBatch> {
    const { dimension = 100 } = this.#options.mapping
    const fitting = Math.floor(BATCH_COMPONENTS_MAX / dimension)
    const size = Math.max(1, Math.min(BATCH_POINTS_MAX, fitting))
    for await (const batch of this.#options.reader.batches(size)) {
      if (this.#state.phase === 'paused') {
        await new Promise<void>((resolve) => {
          this.#resume = resolve
        })
        this.#resume = undefined
      }
      if (this.#state.phase === 'stopped') return
      yield batch
    }
  }

  #take({ written, problems, to, isLast }: WrittenBatch): void {
    const before = this.#state
    if (before.phase === 'stopped') return
    const counts = {
      place: to,
      written: before.written + written,
      failed: before.failed + problems.length,
      problems: [...before.problems, ...problems].slice(0, PROBLEMS_KEPT),
    }
    const seconds = Math.max(0.001, (performance.now() - this.#from.ms) / 1000)
    this.#change({
      ...counts,
      bytesPerSecond: (to.offset - this.#from.bytes) / seconds,
      rowsPerSecond: (counts.written + counts.failed - this.#from.rows) / seconds,
      ...(isLast ? { phase: 'done' } : {}),
    })
    const { saved } = this.#options
    if (isLast) forgetImport(saved.projectId, saved.file)
    else saveImport({ ...saved, ...counts, savedAt: new Date().toISOString() })
  }

  #change(part: Partial<ImportState>): void {
    this.#state = { ...this.#state, ...part }
    for (const listener of this.#listeners) listener()
  }
}
