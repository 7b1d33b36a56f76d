/**
 * ShardEngine: one shard's store, vectors, graph and payload indexes, in Rust.
 *
 * Requests and answers are protobuf of `engine.v1` that JavaScript builds or forwards as buffers.
 * Calls run on the engine's own threads; their promises settle from one completion ring.
 */
import { assertDefined } from '@vectron/base'
import { loadAddon, type NativeShardEngine } from './addon.ts'
import { throwTranslated } from './failure.ts'
import { nativeCalls } from './native-calls.ts'

/** Threads and memory shared by all shards of the process. Set once, before the first open. */
export interface EngineOptions {
  /** Threads that answer searches and reads. Default: the number of cores. */
  readonly searchThreads?: number
  /** Threads that put points into graphs. Default: the number of cores. */
  readonly indexThreads?: number
}

export interface ShardEngineOptions {
  /** Folder of this shard alone; made when absent. */
  readonly folder: string
  /** An encoded `engine.v1.ShardConfig`; must equal the one that the folder was made with. */
  readonly config: Uint8Array
  /** Points that may wait for the graph before apply slows down. Default 500,000. */
  readonly tailPointsMax?: number
}

/** One committed entry of the shard's log. */
export interface ApplyEntry {
  readonly index: bigint
  /** An encoded `engine.v1.WriteCommand`; empty for an entry without a command. */
  readonly command: Uint8Array
}

export interface ShardEngine {
  /** Index of the last applied entry. */
  readonly appliedIndex: bigint
  /** Entries up to here survive a crash without the log. */
  readonly durableIndex: bigint
  /** Applies entries in order, as one batch; answers an encoded `engine.v1.ApplyResult`. */
  apply(entries: readonly ApplyEntry[]): Promise<Uint8Array>
  /** Takes an encoded `engine.v1.SearchRequest`; answers an encoded `engine.v1.SearchResult`. */
  search(request: Uint8Array): Promise<Uint8Array>
  /** Takes an encoded `engine.v1.ReadRequest`; answers an encoded `engine.v1.ReadResult`. */
  read(request: Uint8Array): Promise<Uint8Array>
  /** Makes all that is applied durable; answers the new durable index. */
  checkpoint(): Promise<bigint>
  /**
   * Writes the shard as it is after the last applied entry into a new folder, while writes and
   * searches go on. The folder opens as a shard. Its files are not synced. Answers an encoded
   * `engine.v1.SnapshotFiles`.
   *
   * @throws VectronError DISK_FULL, DATA_CORRUPT, SHARD_UNAVAILABLE when the shard closes
   *   meanwhile; then leaves no folder
   */
  snapshot(folder: string): Promise<Uint8Array>
  /**
   * What must be equal on all replicas that have applied the same index: an encoded
   * `engine.v1.PointsDigest`. Reads all points and vectors.
   */
  digest(): Promise<Uint8Array>
  /** An encoded `worker.v1.ShardReport`. */
  stats(): Uint8Array
  /**
   * Whether there are points whose time has come, for a read of them. While memory is being
   * changed, none: waits for nobody.
   */
  hasExpired(): boolean
  /** Settles when every point is in the graph. */
  indexed(): Promise<void>
  /** Checkpoints and closes. Every call is refused with SHARD_UNAVAILABLE from then on. */
  close(): Promise<void>
  /** Closes without a checkpoint, for a folder that is to go. */
  abandon(): Promise<void>
}

const TAIL_POINTS_MAX = 500_000

/**
 * Sets the threads that all shards of the process share. Must come before the first open.
 *
 * @throws VectronError INTERNAL when a shard was opened before
 */
export function configureEngine(options: EngineOptions): void {
  throwTranslated(() => loadAddon().configureEngine(options))
}

/**
 * Opens the shard of a folder.
 *
 * @throws VectronError DATA_CORRUPT with the file named, DISK_FULL, INVALID_ARGUMENT
 */
export async function openShardEngine(options: ShardEngineOptions): Promise<ShardEngine> {
  const { ShardEngine } = loadAddon()
  const calls = nativeCalls()
  let engine: NativeShardEngine | undefined
  await calls.start((call) => {
    const { folder, config, tailPointsMax = TAIL_POINTS_MAX } = options
    engine = new ShardEngine(calls.ring, call, { folder, config, tailPointsMax })
  })
  return new AddonShardEngine(assertDefined(engine, 'the addon made the shard that it opened'))
}

class AddonShardEngine implements ShardEngine {
  readonly #engine: NativeShardEngine

  constructor(engine: NativeShardEngine) {
    this.#engine = engine
  }

  get appliedIndex(): bigint {
    return throwTranslated(() => this.#engine.appliedIndex())
  }

  get durableIndex(): bigint {
    return throwTranslated(() => this.#engine.durableIndex())
  }

  apply(entries: readonly ApplyEntry[]): Promise<Uint8Array> {
    return answerBytes((call) => this.#engine.apply(call, entries))
  }

  search(request: Uint8Array): Promise<Uint8Array> {
    return answerBytes((call) => this.#engine.search(call, request))
  }

  read(request: Uint8Array): Promise<Uint8Array> {
    return answerBytes((call) => this.#engine.read(call, request))
  }

  async checkpoint(): Promise<bigint> {
    const { number } = await nativeCalls().start((call) => this.#engine.checkpoint(call))
    return assertDefined(number, 'a checkpoint answers an index')
  }

  snapshot(folder: string): Promise<Uint8Array> {
    return answerBytes((call) => this.#engine.snapshot(call, folder))
  }

  digest(): Promise<Uint8Array> {
    return answerBytes((call) => this.#engine.digest(call))
  }

  stats(): Uint8Array {
    return throwTranslated(() => this.#engine.stats())
  }

  hasExpired(): boolean {
    return throwTranslated(() => this.#engine.hasExpired())
  }

  async indexed(): Promise<void> {
    await nativeCalls().start((call) => this.#engine.indexed(call))
  }

  async close(): Promise<void> {
    await nativeCalls().start((call) => this.#engine.close(call))
  }

  async abandon(): Promise<void> {
    await nativeCalls().start((call) => this.#engine.abandon(call))
  }
}

async function answerBytes(begin: (call: number) => void): Promise<Uint8Array> {
  const { bytes } = await nativeCalls().start(begin)
  return assertDefined(bytes, 'the call answers bytes')
}
