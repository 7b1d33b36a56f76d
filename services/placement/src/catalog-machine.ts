/**
 * CatalogMachine: the catalog as the state machine of placement's Raft group.
 *
 * Owns the way between log entries and commands, and the snapshot file that lets the log be
 * compacted. Leaves the meaning of commands to catalog.ts.
 */

import { fromBinary } from '@bufbuild/protobuf'
import { type Disk, type LogIndex, logIndex } from '@vectron/base'
import { placement } from '@vectron/contracts'
import type { CommittedEntry } from '@vectron/native'
import type { StateMachine } from '@vectron/raft'
import { Catalog, type CatalogResult } from './catalog.ts'
import { readSnapshot, writeSnapshot } from './snapshot-file.ts'

export interface CatalogMachineOptions {
  /** Path of the snapshot. */
  readonly file: string
  readonly disk: Disk
  /** Called after a batch of commands was applied. */
  readonly onApplied: () => void
}

export class CatalogMachine implements StateMachine<CatalogResult> {
  readonly catalog: Catalog
  readonly #options: CatalogMachineOptions
  #durableIndex: LogIndex

  static async open(options: CatalogMachineOptions): Promise<CatalogMachine> {
    return new CatalogMachine(options, new Catalog(await readSnapshot(options.file, options.disk)))
  }

  private constructor(options: CatalogMachineOptions, catalog: Catalog) {
    this.#options = options
    this.catalog = catalog
    this.#durableIndex = logIndex(catalog.appliedIndex)
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

  async checkpoint(): Promise<LogIndex> {
    const state = this.catalog.snapshot()
    await writeSnapshot(this.#options.file, state, this.#options.disk)
    this.#durableIndex = logIndex(state.appliedIndex)
    return this.#durableIndex
  }

  #applyOne({ index, kind, data }: CommittedEntry): CatalogResult {
    if (kind === 'command') {
      return this.catalog.apply(index, fromBinary(placement.CatalogCommandSchema, data))
    }
    this.catalog.skip(index)
    return { kind: 'done' }
  }
}
