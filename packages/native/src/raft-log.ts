/**
 * RaftLog: one durable log for all Raft groups of a process.
 *
 * Records are encoded `raft.v1.LogBatch` / `raft.v1.LogRecord`. After a failed fsync the process
 * stops: a log that failed once is never written again.
 */
import { assertDefined } from '@vectron/base'
import { loadAddon, type NativeRaftLog } from './addon.ts'
import { throwTranslated } from './failure.ts'
import { nativeCalls } from './native-calls.ts'

export interface RaftLogOptions {
  /** An append that would leave less than this free is refused with DISK_FULL. Default 16 MiB. */
  readonly reserveBytes?: number
  /** Size at which a file is closed and the next begun. Default 16 MiB. */
  readonly fileBytes?: number
  /** Size of the whole log from which files without live entries are deleted. Default 64 MiB. */
  readonly purgeBytes?: number
}

export interface RaftLog {
  /** Groups that the log holds. */
  groups(): bigint[]
  /** All of one group as one encoded `raft.v1.LogRecord`; undefined when the log has none. */
  load(group: bigint): Uint8Array | undefined
  /**
   * Entries of a group from `low` on, as one encoded `raft.v1.LogRecord` with the position before
   * them: up to `bytesMax` bytes, though at least one entry. undefined when the log has forgotten
   * the first of them.
   */
  read(group: bigint, low: bigint, bytesMax: number): Promise<Uint8Array | undefined>
  /**
   * Appends one encoded `raft.v1.LogBatch` and settles when it is on stable storage.
   *
   * @throws VectronError DISK_FULL: nothing was written, and the log goes on
   */
  append(batch: Uint8Array): Promise<void>
  /** Forgets entries of a group up to `index`; space comes back later. */
  compact(group: bigint, index: bigint): Promise<void>
  /** Forgets a group altogether. */
  remove(group: bigint): Promise<void>
  /** Bytes on disk. */
  diskBytes(): number
  /** Settles when what was appended before is on stable storage; later calls are refused. */
  close(): Promise<void>
}

const MIB = 1024 * 1024
const RESERVE_BYTES = 16 * MIB
const FILE_BYTES = 16 * MIB
const PURGE_BYTES = 64 * MIB

/**
 * Opens the log of a folder, which is made when absent. Every record is verified first.
 *
 * @throws VectronError DATA_CORRUPT with the file named, DATA_IN_USE, INTERNAL
 */
export async function openRaftLog(folder: string, options: RaftLogOptions = {}): Promise<RaftLog> {
  const { RaftLog } = loadAddon()
  const calls = nativeCalls()
  let log: NativeRaftLog | undefined
  await calls.start((call) => {
    log = new RaftLog(calls.ring, call, folder, {
      reserveBytes: options.reserveBytes ?? RESERVE_BYTES,
      fileBytes: options.fileBytes ?? FILE_BYTES,
      purgeBytes: options.purgeBytes ?? PURGE_BYTES,
    })
  })
  return new AddonRaftLog(assertDefined(log, 'the addon made the log that it opened'))
}

class AddonRaftLog implements RaftLog {
  readonly #log: NativeRaftLog

  constructor(log: NativeRaftLog) {
    this.#log = log
  }

  groups(): bigint[] {
    return throwTranslated(() => this.#log.groups())
  }

  load(group: bigint): Uint8Array | undefined {
    return throwTranslated(() => this.#log.load(group) ?? undefined)
  }

  async read(group: bigint, low: bigint, bytesMax: number): Promise<Uint8Array | undefined> {
    const { bytes } = await nativeCalls().start((call) =>
      this.#log.read(call, group, low, bytesMax),
    )
    return bytes
  }

  async append(batch: Uint8Array): Promise<void> {
    await nativeCalls().start((call) => this.#log.append(call, batch))
  }

  async compact(group: bigint, index: bigint): Promise<void> {
    await nativeCalls().start((call) => this.#log.compact(call, group, index))
  }

  async remove(group: bigint): Promise<void> {
    await nativeCalls().start((call) => this.#log.remove(call, group))
  }

  diskBytes(): number {
    return throwTranslated(() => this.#log.diskBytes())
  }

  async close(): Promise<void> {
    await nativeCalls().start((call) => this.#log.close(call))
  }
}
