/**
 * RaftLog: one durable log for all Raft groups of a process.
 *
 * Records are encoded `raft.v1.LogBatch` / `raft.v1.LogRecord`. After a failed fsync the process
 * stops: a log that failed once is never written again.
 */
export interface RaftLog {
  /** Groups that the log holds. */
  groups(): bigint[]
  /** All of one group as one encoded `raft.v1.LogRecord`; undefined when the log has none. */
  load(group: bigint): Uint8Array | undefined
  /** Appends one encoded `raft.v1.LogBatch` and settles when it is on stable storage. */
  append(batch: Uint8Array): Promise<void>
  /** Forgets entries of a group up to `index`; space comes back later. */
  compact(group: bigint, index: bigint): Promise<void>
  /** Forgets a group altogether. */
  remove(group: bigint): Promise<void>
  /** Bytes on disk. */
  diskBytes(): number
  close(): Promise<void>
}
