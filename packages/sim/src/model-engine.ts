/**
 * The engine of the simulation: a map from ids to values behind the real ShardEngine's door.
 *
 * Small enough to be compared whole. It speaks the real messages (`engine.v1`) so that the real
 * Shard, ShardMachine and gateway paths run above it. Beside each value it keeps the log index that
 * wrote it, and tombstones of deleted ids: so a reader knows exactly how fresh its answer is. Like
 * the real engine it answers a repeated request with what the first one did, keeps its state in
 * memory between checkpoints, and falls back to the last checkpoint after a crash.
 */
import { createHash } from 'node:crypto'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { assert, type Disk, replaceFile, VectronError, viewOf } from '@vectron/base'
import { engine, worker } from '@vectron/contracts'
import type { ApplyEntry, ShardEngine } from '@vectron/native'
import type { FastRandom } from './fast-random.ts'
import { type ModelBugs, ModelState, type ModelWrite } from './model-state.ts'
import type { ProcessClock } from './process-clock.ts'

/** What the run is told of each entry that an engine applies. */
export interface AppliedCommand {
  readonly shard: bigint
  readonly index: bigint
  /** Empty for an entry without a command. */
  readonly requestId: string
  /** Index at which the request took effect: earlier than `index` for a repeated one. */
  readonly effectiveIndex: bigint
  /** What it wrote, when it took effect now. */
  readonly writes: readonly ModelWrite[]
  /** Why it did nothing. */
  readonly refusal: string | undefined
  /** Hash over all that was applied so far: equal on all replicas at one index. */
  readonly stateHash: number
}

export interface ModelEngineOptions {
  readonly folder: string
  readonly shard: bigint
  readonly disk: Disk
  readonly clock: ProcessClock
  readonly random: FastRandom
  /** Milliseconds that a batch may take. */
  readonly workMsMax: number
  /** Planted bugs. */
  readonly bugs: EngineBugs
  readonly onApplied: (applied: AppliedCommand) => void
  readonly onClosed: (engine: ModelEngine) => void
}

export interface EngineBugs extends ModelBugs {
  /** What is only applied passes for durable. */
  readonly overstatesDurable: boolean
  /** Reads show points until they are freed. */
  readonly showsExpired: boolean
}

/** The names that files of a snapshot must have. */
const STATE_FILE = 'store.redb'
const VECTORS_FILE = 'vectors.f32'
const GRAPH_FILE = 'graph.ckpt'
const VECTOR_BYTES = 4

export class ModelEngine implements ShardEngine {
  readonly #options: ModelEngineOptions
  #state: ModelState
  #durableIndex: bigint

  static async open(options: ModelEngineOptions): Promise<ModelEngine> {
    const file = `${options.folder}/${STATE_FILE}`
    const bytes = await options.disk.read(file)
    if (bytes !== undefined) return new ModelEngine(options, ModelState.decode(bytes))
    // A new shard is on stable storage before anything happens to it.
    const state = new ModelState()
    await replaceFile(options.disk, file, state.encode())
    return new ModelEngine(options, state)
  }

  private constructor(options: ModelEngineOptions, state: ModelState) {
    this.#options = options
    this.#state = state
    this.#durableIndex = state.appliedIndex
  }

  get appliedIndex(): bigint {
    return this.#state.appliedIndex
  }

  get durableIndex(): bigint {
    return this.#options.bugs.overstatesDurable ? this.appliedIndex : this.#durableIndex
  }

  get state(): ModelState {
    return this.#state
  }

  async apply(entries: readonly ApplyEntry[]): Promise<Uint8Array> {
    await this.#work()
    const results = entries.map((entry) => this.#applyOne(entry))
    return toBinary(engine.ApplyResultSchema, create(engine.ApplyResultSchema, { results }))
  }

  async search(): Promise<Uint8Array> {
    const { points, appliedIndex } = this.#state
    const timeMs = this.#readMs()
    const found = [...points.keys()].map((id) => encodePoint(this.#state, id, timeMs))
    const nextExpiryMs = BigInt(Math.floor(this.#state.nextExpiryMs(timeMs)))
    const results = [{ points: found, nextExpiryMs }]
    const result = create(engine.SearchResultSchema, { results, appliedIndex })
    return toBinary(engine.SearchResultSchema, result)
  }

  async read(request: Uint8Array): Promise<Uint8Array> {
    const { read } = fromBinary(engine.ReadRequestSchema, request)
    const { appliedIndex } = this.#state
    assert(read.case === 'get' || read.case === 'expired', 'the simulation reads by id')
    const timeMs = this.#readMs()
    const points =
      read.case === 'get'
        ? read.value.ids.map((id) => ({ id, point: encodePoint(this.#state, id, timeMs) }))
        : this.#expired().map((id) => ({ id }))
    const result = create(engine.ReadResultSchema, { points, appliedIndex })
    return toBinary(engine.ReadResultSchema, result)
  }

  async checkpoint(): Promise<bigint> {
    const { disk, folder } = this.#options
    const { appliedIndex } = this.#state
    await replaceFile(disk, `${folder}/${STATE_FILE}`, this.#state.encode())
    if (appliedIndex > this.#durableIndex) this.#durableIndex = appliedIndex
    return this.#durableIndex
  }

  async snapshot(folder: string): Promise<Uint8Array> {
    const { disk } = this.#options
    const { appliedIndex, points } = this.#state
    const contents = {
      [STATE_FILE]: this.#state.encode(),
      [VECTORS_FILE]: new Uint8Array(points.size * VECTOR_BYTES),
      [GRAPH_FILE]: new Uint8Array(),
    }
    await disk.makeFolder(folder)
    const files = Object.entries(contents).map(([name, bytes]) => {
      const sha256 = createHash('sha256').update(bytes).digest()
      return { name, bytes: BigInt(bytes.length), sha256 }
    })
    for (const [name, bytes] of Object.entries(contents)) {
      await disk.write(`${folder}/${name}`, bytes)
    }
    const message = create(engine.SnapshotFilesSchema, { appliedIndex, files })
    return toBinary(engine.SnapshotFilesSchema, message)
  }

  async digest(): Promise<Uint8Array> {
    const { appliedIndex, hash, points } = this.#state
    const digest = new Uint8Array(16)
    viewOf(digest).setUint32(0, hash)
    const pointsCount = BigInt(points.size)
    const message = create(engine.PointsDigestSchema, { appliedIndex, pointsCount, digest })
    return toBinary(engine.PointsDigestSchema, message)
  }

  stats(): Uint8Array {
    const pointsCount = BigInt(this.#state.points.size)
    const report = create(worker.ShardReportSchema, { stats: { pointsCount } })
    return toBinary(worker.ShardReportSchema, report)
  }

  hasExpired(): boolean {
    return this.#expired().length > 0
  }

  async indexed(): Promise<void> {
    // There is no graph.
  }

  async close(): Promise<void> {
    await this.checkpoint()
    this.#options.onClosed(this)
  }

  async abandon(): Promise<void> {
    this.#options.onClosed(this)
  }

  #applyOne({ index, command }: ApplyEntry): engine.WriteResult {
    const { shard, onApplied, bugs } = this.#options
    assert(index === this.#state.appliedIndex + 1n, `${index} follows ${this.#state.appliedIndex}`)
    const effect = this.#state.apply(index, command, bugs)
    onApplied({ shard, index, ...effect, stateHash: this.#state.hash })
    const { writes, refusal } = effect
    if (refusal === undefined) {
      return create(engine.WriteResultSchema, { affected: BigInt(writes.length) })
    }
    const error = { reason: 'VERSION_MISMATCH', message: refusal, subject: 'points' }
    return create(engine.WriteResultSchema, { error })
  }

  #expired(): string[] {
    return this.#state.expired(this.#options.clock.nowMs())
  }

  /** When a read takes place, by this machine's clock. */
  #readMs(): number {
    return this.#options.bugs.showsExpired ? 0 : this.#options.clock.nowMs()
  }

  async #work(): Promise<void> {
    const { clock, random, workMsMax, disk, folder } = this.#options
    await new Promise<void>((resolve) => clock.setTimer(random.nextFloat() * workMsMax, resolve))
    if ((await disk.freeBytes(folder)) === 0) {
      throw new VectronError('DISK_FULL', 'The simulated disk is full.')
    }
  }
}

/** A point as the simulation's clients read it. */
export interface ReadPoint {
  readonly id: string
  /** null for a deleted point, for one that has expired, and for one that never was. */
  readonly value: string | null
  /** Log index that wrote it; 0 for a point that never was. */
  readonly version: bigint
}

function encodePoint(state: ModelState, id: string, timeMs: number): Uint8Array {
  const point = state.points.get(id)
  const value = state.isThere(id, timeMs) ? (point?.value ?? null) : null
  const fields = [id, value, (point?.version ?? 0n).toString()]
  return new Uint8Array(Buffer.from(JSON.stringify(fields)))
}

export function decodePoint(bytes: Uint8Array): ReadPoint {
  const [id, value, version] = JSON.parse(Buffer.from(bytes).toString())
  return { id, value, version: BigInt(version) }
}
