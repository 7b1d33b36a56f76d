/**
 * The Raft log of the simulation: in memory, on a simulated disk that can crash.
 *
 * Must stay true: what append() has settled survives every crash; of the batches that were under
 * way a prefix survives, each batch whole or not at all, as raft-engine's checksummed batches do.
 * Later entries supersede earlier ones from their first index on.
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { assert, type Clock, type Random, VectronError } from '@vectron/base'
import { raft } from '@vectron/contracts'
import type { RaftLog } from '@vectron/native'
import { entryIndex, entryTerm } from './eraft-wire.ts'
import type { SimDisk } from './sim-disk.ts'

export interface SimRaftLogOptions {
  readonly clock: Clock
  readonly random: Random
  /** How slow it is, and whether appends are refused for lack of space. */
  readonly disk: Pick<SimDisk, 'fsyncMsMax' | 'isFull'>
}

/** What is on stable storage of each group. */
export type DurableLogs = Map<bigint, GroupLog>

export interface GroupLog {
  readonly record: raft.LogRecord
  /** Encoded entries by their index. */
  readonly entries: Map<bigint, Uint8Array>
}

/** Milliseconds that reading old entries may take. */
const READ_MS_MAX = 5

interface PendingAppend {
  readonly batch: raft.LogBatch
  readonly settle: () => void
}

export class SimRaftLog implements RaftLog {
  readonly #options: SimRaftLogOptions
  readonly #durable: DurableLogs
  #pending: PendingAppend[] = []
  #crashed = false

  /** The log over what earlier lives of the process have left. */
  constructor(options: SimRaftLogOptions, durable: DurableLogs) {
    this.#options = options
    this.#durable = durable
  }

  groups(): bigint[] {
    return [...this.#durable.keys()].sort((a, b) => (a < b ? -1 : 1))
  }

  load(group: bigint): Uint8Array | undefined {
    const log = this.#durable.get(group)
    if (log === undefined) return undefined
    const entries = [...log.entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, data]) => data)
    return toBinary(raft.LogRecordSchema, { ...log.record, entries })
  }

  /** Entries and the position before them; late, as a disk is. */
  read(group: bigint, low: bigint, bytesMax: number): Promise<Uint8Array | undefined> {
    const { clock, random } = this.#options
    return new Promise((resolve) => {
      clock.setTimer(random.nextFloat() * READ_MS_MAX, () => {
        const log = this.#durable.get(group)
        const record = log && readEntries(log, low, bytesMax)
        resolve(record && toBinary(raft.LogRecordSchema, record))
      })
    })
  }

  /** One fsync at a time; it takes in whatever was appended before it began. */
  async append(batch: Uint8Array): Promise<void> {
    this.#checkAlive()
    if (this.#options.disk.isFull)
      throw new VectronError('DISK_FULL', 'The simulated disk is full.')
    return new Promise((settle) => {
      this.#pending.push({ batch: fromBinary(raft.LogBatchSchema, batch), settle })
      if (this.#pending.length === 1) this.#startFsync()
    })
  }

  async compact(group: bigint, index: bigint): Promise<void> {
    this.#checkAlive()
    const log = this.#durable.get(group)
    if (log === undefined) return
    const last = log.entries.get(index)
    if (last !== undefined) {
      log.record.snapshot = create(raft.LogPositionSchema, { index, term: entryTerm(last) })
    }
    for (const at of [...log.entries.keys()]) if (at <= index) log.entries.delete(at)
  }

  async remove(group: bigint): Promise<void> {
    this.#checkAlive()
    this.#durable.delete(group)
  }

  diskBytes(): number {
    let bytes = 0
    for (const log of this.#durable.values()) {
      for (const entry of log.entries.values()) bytes += entry.length
    }
    return bytes
  }

  async close(): Promise<void> {
    this.#crashed = true
  }

  /** The process dies here; what was under way reaches the disk in part. */
  crash(): void {
    this.#crashed = true
    const survivors = this.#options.random.nextBelow(this.#pending.length + 1)
    for (const { batch } of this.#pending.slice(0, survivors)) this.#write(batch)
    this.#pending = []
  }

  #startFsync(): void {
    const taken = this.#pending.length
    const delayMs = this.#options.random.nextFloat() * this.#options.disk.fsyncMsMax
    this.#options.clock.setTimer(delayMs, () => {
      if (this.#crashed) return
      const synced = this.#pending.splice(0, taken)
      for (const { batch, settle } of synced) {
        this.#write(batch)
        settle()
      }
      if (this.#pending.length > 0) this.#startFsync()
    })
  }

  #write(batch: raft.LogBatch): void {
    for (const record of batch.records) {
      const log = this.#durable.get(record.group) ?? emptyLog(record.group)
      this.#durable.set(record.group, log)
      applyRecord(log, record)
    }
  }

  #checkAlive(): void {
    assert(!this.#crashed, 'a crashed log is not written')
  }
}

function readEntries(log: GroupLog, low: bigint, bytesMax: number): raft.LogRecord | undefined {
  const start = log.record.snapshot?.index ?? 0n
  if (low <= start || !log.entries.has(low)) return undefined
  const before = log.entries.get(low - 1n)
  const term = before === undefined ? (log.record.snapshot?.term ?? 0n) : entryTerm(before)
  const entries: Uint8Array[] = []
  let bytes = 0
  for (let at = low; ; at++) {
    const entry = log.entries.get(at)
    if (entry === undefined || (entries.length > 0 && bytes + entry.length > bytesMax)) break
    entries.push(entry)
    bytes += entry.length
  }
  const snapshot = { index: low - 1n, term }
  return create(raft.LogRecordSchema, { group: log.record.group, entries, snapshot })
}

function emptyLog(group: bigint): GroupLog {
  return { record: create(raft.LogRecordSchema, { group }), entries: new Map() }
}

function applyRecord(log: GroupLog, record: raft.LogRecord): void {
  if (record.hardState !== undefined) log.record.hardState = record.hardState
  if (record.confState.length > 0) {
    log.record.confState = record.confState
    log.record.confIndex = record.confIndex
    log.record.confVersion = record.confVersion
  }
  if (record.replicaId !== 0n) log.record.replicaId = record.replicaId
  if (record.snapshot !== undefined) {
    log.record.snapshot = record.snapshot
    log.entries.clear()
  }
  const first = record.entries[0]
  if (first === undefined) return
  const from = entryIndex(first)
  for (const at of [...log.entries.keys()]) if (at >= from) log.entries.delete(at)
  for (const [i, entry] of record.entries.entries()) log.entries.set(from + BigInt(i), entry)
}
