/**
 * CatalogMachine: the catalog as the state machine of placement's Raft group.
 *
 * Owns the way between log entries and commands, and the snapshot file that lets the log be
 * compacted. The same file is what another member gets that the log cannot feed; received ones lie
 * beside it until the log has taken them. Leaves the meaning of commands to catalog.ts.
 */

import { dirname } from 'node:path'
import { fromBinary } from '@bufbuild/protobuf'
import { type Disk, type LogIndex, logIndex, replaceFile, VectronError } from '@vectron/base'
import { placement } from '@vectron/contracts'
import type { CommittedEntry } from '@vectron/native'
import {
  createBytesReceiver,
  createBytesSnapshot,
  type SnapshotManifest,
  type SnapshotReceiver,
  type StateMachine,
  type StateSnapshot,
} from '@vectron/raft'
import { Catalog, type CatalogResult } from './catalog.ts'
import { encodeSnapshot, parseSnapshot, readSnapshot, writeSnapshot } from './snapshot-file.ts'

/** Name of the one file of a snapshot on its way. */
const SENT_FILE = 'catalog.snapshot'

export interface CatalogMachineOptions {
  /** Path of the snapshot. */
  readonly file: string
  readonly disk: Disk
  /** Called after a batch of commands was applied. */
  readonly onApplied: () => void
}

export class CatalogMachine implements StateMachine<CatalogResult> {
  readonly #options: CatalogMachineOptions
  #catalog: Catalog
  /** Settles when the snapshot file is not being written. */
  #written: Promise<unknown> = Promise.resolve()
  #durableIndex: LogIndex

  static async open(options: CatalogMachineOptions): Promise<CatalogMachine> {
    return new CatalogMachine(options, new Catalog(await readSnapshot(options.file, options.disk)))
  }

  private constructor(options: CatalogMachineOptions, catalog: Catalog) {
    this.#options = options
    this.#catalog = catalog
    this.#durableIndex = logIndex(catalog.appliedIndex)
  }

  /** The catalog as applied here; another object after a snapshot was installed. */
  get catalog(): Catalog {
    return this.#catalog
  }

  get appliedIndex(): LogIndex {
    return logIndex(this.catalog.appliedIndex)
  }

  get durableIndex(): LogIndex {
    return this.#durableIndex
  }

  apply(entries: readonly CommittedEntry[]): Promise<readonly CatalogResult[]> {
    const results = entries.map((entry) => this.#applyOne(entry))
    this.#options.onApplied()
    return Promise.resolve(results)
  }

  checkpoint(): Promise<LogIndex> {
    return this.#oneAtATime(async () => {
      const state = this.catalog.snapshot()
      await writeSnapshot(this.#options.file, state, this.#options.disk)
      this.#durableIndex = logIndex(state.appliedIndex)
      return this.#durableIndex
    })
  }

  async takeSnapshot(): Promise<StateSnapshot> {
    const state = this.catalog.snapshot()
    const appliedIndex = logIndex(state.appliedIndex)
    return createBytesSnapshot({ appliedIndex, name: SENT_FILE, bytes: encodeSnapshot(state) })
  }

  async receiveSnapshot(manifest: SnapshotManifest): Promise<SnapshotReceiver> {
    await this.dropPreparedSnapshot()
    return createBytesReceiver({
      manifest,
      prepare: async (bytes) => {
        this.#checkIndex(manifest.index, parseSnapshot(this.#preparedFile, bytes))
        await replaceFile(this.#options.disk, this.#preparedFile, bytes)
      },
      drop: () => this.dropPreparedSnapshot(),
    })
  }

  async installSnapshot(index: LogIndex): Promise<void> {
    if (this.appliedIndex === index) return
    await this.#oneAtATime(async () => {
      const { disk, file } = this.#options
      const state = await readSnapshot(this.#preparedFile, disk)
      if (state === undefined) throw this.#unusable(index, 'there is none')
      this.#checkIndex(index, state)
      await disk.rename(this.#preparedFile, file)
      await disk.sync(dirname(file))
      this.#catalog = new Catalog(state)
      this.#durableIndex = index
    })
    this.#options.onApplied()
  }

  async dropPreparedSnapshot(): Promise<void> {
    await this.#options.disk.remove(this.#preparedFile)
  }

  /** A checkpoint that began before an install must not end after it. */
  #oneAtATime<T>(write: () => Promise<T>): Promise<T> {
    const written = this.#written.then(write)
    this.#written = written.catch(() => {})
    return written
  }

  get #preparedFile(): string {
    return `${this.#options.file}.prepared`
  }

  #checkIndex(index: LogIndex, { appliedIndex }: placement.CatalogState): void {
    if (appliedIndex !== index) throw this.#unusable(index, `it is of index ${appliedIndex}`)
  }

  #unusable(index: LogIndex, why: string): VectronError {
    const text = `The catalog's snapshot of index ${index} cannot be used: ${why}.`
    return new VectronError('DATA_CORRUPT', text, { subject: this.#preparedFile })
  }

  #applyOne({ index, kind, data }: CommittedEntry): CatalogResult {
    if (kind === 'command') {
      return this.catalog.apply(index, fromBinary(placement.CatalogCommandSchema, data))
    }
    this.catalog.skip(index)
    return { kind: 'done' }
  }
}
