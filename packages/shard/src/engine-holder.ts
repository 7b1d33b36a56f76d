/**
 * EngineHolder: the engine of one replica, the folder that it works in, and the switch of both to a
 * snapshot.
 *
 * Whoever wants the engine asks for it each time: during a switch there is none, and then calls are
 * refused so that they come again. What is always answered (indexes, the last report) is answered
 * from what was known when the engine went.
 */
import { assert, type LogIndex, logIndex, VectronError } from '@vectron/base'
import type { ShardEngine } from '@vectron/native'
import type { SnapshotManifest, SnapshotReceiver, StateSnapshot } from '@vectron/raft'
import { receiveSnapshot } from './receive-snapshot.ts'
import { takeSnapshot } from './send-snapshot.ts'
import type { ShardFolder } from './shard-folder.ts'

export interface EngineHolderOptions {
  readonly folder: ShardFolder
  /** Opens an engine in the folder of this path. */
  readonly openEngine: (path: string) => Promise<ShardEngine>
}

/** What is known of an engine that is gone. */
interface LastKnown {
  readonly appliedIndex: bigint
  readonly durableIndex: bigint
  readonly report: Uint8Array
}

type Holding =
  | { readonly kind: 'open'; readonly engine: ShardEngine }
  /** The folder is being switched, or the switch has failed: opening the replica again mends it. */
  | { readonly kind: 'switching'; readonly last: LastKnown }
  | { readonly kind: 'closed'; readonly last: LastKnown }

export class EngineHolder {
  readonly #options: EngineHolderOptions
  #holding: Holding

  /** Completes or clears away what an earlier life left half done, and opens the engine. */
  static async open(options: EngineHolderOptions): Promise<EngineHolder> {
    const { folder, openEngine } = options
    await folder.recover()
    return new EngineHolder(options, await openEngine(folder.path))
  }

  private constructor(options: EngineHolderOptions, engine: ShardEngine) {
    this.#options = options
    this.#holding = { kind: 'open', engine }
  }

  /** @throws VectronError SHARD_UNAVAILABLE while there is none */
  get engine(): ShardEngine {
    if (this.#holding.kind === 'open') return this.#holding.engine
    const isClosed = this.#holding.kind === 'closed'
    throw this.#unavailable(isClosed ? 'is closed' : 'is being replaced by a snapshot')
  }

  /** Undefined while there is none. */
  get openEngine(): ShardEngine | undefined {
    return this.#holding.kind === 'open' ? this.#holding.engine : undefined
  }

  get appliedIndex(): LogIndex {
    return logIndex(this.#indexes.appliedIndex)
  }

  get durableIndex(): LogIndex {
    return logIndex(this.#indexes.durableIndex)
  }

  /** An encoded `worker.v1.ShardReport`. */
  report(): Uint8Array {
    return this.#holding.kind === 'open' ? this.#holding.engine.stats() : this.#holding.last.report
  }

  async takeSnapshot(): Promise<StateSnapshot> {
    return takeSnapshot(this.engine, this.#options.folder)
  }

  /**
   * Begins to receive a snapshot beside the engine.
   *
   * @throws VectronError CONFLICT while another one is prepared that the log may have taken: it
   *   must be there when it is installed; DATA_CORRUPT, DISK_FULL
   */
  async receiveSnapshot(manifest: SnapshotManifest): Promise<SnapshotReceiver> {
    const { folder } = this.#options
    const prepared = await folder.readPrepared()
    if (prepared !== undefined && prepared > this.appliedIndex) {
      const text = `The snapshot of index ${prepared} is prepared and waits to be installed.`
      throw new VectronError('CONFLICT', text, { subject: folder.path })
    }
    return receiveSnapshot(folder, manifest)
  }

  dropPreparedSnapshot(): Promise<void> {
    return this.#options.folder.dropReceived()
  }

  /**
   * Switches to the prepared snapshot of this index: the engine there was is gone, and another one
   * has its place. Does nothing when the index is reached already.
   *
   * @throws VectronError DATA_CORRUPT when no snapshot of this index is prepared
   */
  async installSnapshot(index: LogIndex): Promise<void> {
    if (this.appliedIndex >= index) return
    const { folder, openEngine } = this.#options
    await folder.checkPrepared(index)
    const old = this.#leave('switching')
    // What it has applied since its last checkpoint goes with its folder.
    await old.abandon()
    await folder.switchToPrepared()
    const engine = await openEngine(folder.path)
    if (engine.appliedIndex !== index) {
      await engine.close()
      const what = `holds the state of index ${engine.appliedIndex}, not of ${index}`
      throw new VectronError('DATA_CORRUPT', `The snapshot in ${folder.path} ${what}.`)
    }
    this.#holding = { kind: 'open', engine }
    await folder.forgetReplaced()
  }

  /** Closes the engine; what is applied is durable then. Snapshots on their way are gone. */
  async close(): Promise<void> {
    if (this.#holding.kind === 'open') await this.#leave('closed').close()
    await this.#options.folder.removeSnapshots()
  }

  /** Closes the engine and removes the shard from the disk. */
  async destroy(): Promise<void> {
    if (this.#holding.kind === 'open') await this.#leave('closed').abandon()
    await this.#options.folder.remove()
  }

  get #indexes(): Pick<LastKnown, 'appliedIndex' | 'durableIndex'> {
    return this.#holding.kind === 'open' ? this.#holding.engine : this.#holding.last
  }

  #leave(kind: 'switching' | 'closed'): ShardEngine {
    assert(this.#holding.kind === 'open', 'an engine is left once')
    const { engine } = this.#holding
    const { appliedIndex, durableIndex } = engine
    this.#holding = { kind, last: { appliedIndex, durableIndex, report: engine.stats() } }
    return engine
  }

  #unavailable(what: string): VectronError {
    const { path } = this.#options.folder
    return new VectronError('SHARD_UNAVAILABLE', `The shard in ${path} ${what}.`, {
      subject: path,
      retryAfterMs: RETRY_AFTER_MS,
    })
  }
}

/** Milliseconds: opening an engine reads its whole store. */
const RETRY_AFTER_MS = 500
