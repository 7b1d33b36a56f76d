/**
 * The state machine of the simulation: small enough to be compared whole.
 *
 * Keeps which request was applied at which index, and answers a repeated request with the first
 * result (dedupe). Its store keeps one checkpoint: a crash falls back to it, as redb falls back to
 * its last durable commit.
 */
import { type Clock, type LogIndex, logIndex, type Random, VectronError } from '@vectron/base'
import type { CommittedEntry } from '@vectron/native'
import {
  createBytesReceiver,
  createBytesSnapshot,
  type SnapshotManifest,
  type SnapshotReceiver,
  type StateMachine,
  type StateSnapshot,
} from '@vectron/raft'

/** What applying a request gave: where it took effect, which for a repeated one is earlier. */
export interface ModelResult {
  readonly index: bigint
}

/** What was applied, up to one index. */
export interface ModelState {
  appliedIndex: bigint
  /** Index at which each request took effect. */
  requests: ReadonlyMap<string, bigint>
}

/** What a crash leaves. */
export interface ModelStore extends ModelState {
  /** A snapshot that was received and not yet installed. */
  prepared?: ModelState | undefined
}

export const emptyModelStore = (): ModelStore => ({ appliedIndex: 0n, requests: new Map() })

export interface ModelMachineOptions {
  readonly clock: Clock
  readonly random: Random
  /** Longest time of one batch or checkpoint, milliseconds. */
  readonly workMsMax: number
}

export class ModelMachine implements StateMachine<ModelResult> {
  readonly #options: ModelMachineOptions
  readonly #store: ModelStore
  #requests: Map<string, bigint>
  #appliedIndex: LogIndex

  constructor(options: ModelMachineOptions, store: ModelStore) {
    this.#options = options
    this.#store = store
    this.#requests = new Map(store.requests)
    this.#appliedIndex = logIndex(store.appliedIndex)
  }

  get appliedIndex(): LogIndex {
    return this.#appliedIndex
  }

  get durableIndex(): LogIndex {
    return logIndex(this.#store.appliedIndex)
  }

  /** Index at which each request took effect. */
  get requests(): ReadonlyMap<string, bigint> {
    return this.#requests
  }

  async apply(entries: readonly CommittedEntry[]): Promise<readonly ModelResult[]> {
    await this.#work()
    return entries.map(({ index, kind, data }) => {
      if (index !== this.#appliedIndex + 1n) {
        throw new Error(`entry ${index} was applied after ${this.#appliedIndex}`)
      }
      this.#appliedIndex = logIndex(index)
      if (kind !== 'command') return { index }
      const request = requestOf(data)
      const first = this.#requests.get(request) ?? index
      this.#requests.set(request, first)
      return { index: first }
    })
  }

  async checkpoint(): Promise<LogIndex> {
    const appliedIndex = this.#appliedIndex
    const requests = new Map(this.#requests)
    await this.#work()
    Object.assign(this.#store, { appliedIndex, requests })
    return appliedIndex
  }

  async takeSnapshot(): Promise<StateSnapshot> {
    const state = { appliedIndex: this.#appliedIndex, requests: new Map(this.#requests) }
    await this.#work()
    const { appliedIndex } = state
    return createBytesSnapshot({ appliedIndex, name: 'model', bytes: encodeState(state) })
  }

  async receiveSnapshot(manifest: SnapshotManifest): Promise<SnapshotReceiver> {
    await this.dropPreparedSnapshot()
    return createBytesReceiver({
      manifest,
      prepare: async (bytes) => {
        await this.#work()
        this.#store.prepared = decodeState(bytes)
      },
      drop: () => this.dropPreparedSnapshot(),
    })
  }

  async installSnapshot(index: LogIndex): Promise<void> {
    if (this.#appliedIndex === index) return
    const { prepared } = this.#store
    if (prepared?.appliedIndex !== index) {
      throw new VectronError('DATA_CORRUPT', `No snapshot of index ${index} is prepared.`)
    }
    Object.assign(this.#store, prepared, { prepared: undefined })
    this.#requests = new Map(prepared.requests)
    this.#appliedIndex = index
  }

  async dropPreparedSnapshot(): Promise<void> {
    this.#store.prepared = undefined
  }

  #work(): Promise<void> {
    const { clock, random, workMsMax } = this.#options
    return new Promise((resolve) => {
      clock.setTimer(random.nextFloat() * workMsMax, resolve)
    })
  }
}

/** A command is the name of its request, padded to some length. */
export function encodeRequest(request: string, bytes: number): Uint8Array {
  return new Uint8Array(Buffer.from(request.padEnd(bytes)))
}

function encodeState({ appliedIndex, requests }: ModelState): Uint8Array {
  const pairs = [...requests].map(([request, index]) => [request, index.toString()])
  return new Uint8Array(Buffer.from(JSON.stringify([appliedIndex.toString(), pairs])))
}

function decodeState(bytes: Uint8Array): ModelState {
  const [applied, pairs] = JSON.parse(Buffer.from(bytes).toString()) as [
    string,
    readonly [string, string][],
  ]
  const requests = new Map(pairs.map(([request, index]) => [request, BigInt(index)]))
  return { appliedIndex: BigInt(applied), requests }
}

function requestOf(data: Uint8Array): string {
  return Buffer.from(data).toString().trimEnd()
}
