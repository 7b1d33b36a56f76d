/**
 * Snapshots of a state machine: how its state travels to a replica that the log cannot feed.
 *
 * A snapshot is a set of files as of one applied index. The sender pins them; the receiver fetches
 * them beside its own state ("prepared", which survives a crash) and only switches to them when its
 * log has taken the snapshot. So a crash at any point leaves the old state or the new one.
 */
import type { LogIndex } from '@vectron/base'

/** One file of a snapshot. */
export interface SnapshotFile {
  /** A bare name, without a folder; unique within its snapshot. */
  readonly name: string
  readonly bytes: number
  /** SHA-256 of the content. */
  readonly sha256: Uint8Array
}

/** The sender's side: files that neither change nor go until release(). */
export interface StateSnapshot {
  /** The state is that after this entry. */
  readonly appliedIndex: LogIndex
  readonly files: readonly SnapshotFile[]
  /** Reads up to `bytesMax` bytes; fewer, though at least one, before the end of the file. */
  read(file: string, offset: number, bytesMax: number): Promise<Uint8Array>
  /** Lets the files go. Idempotent. */
  release(): Promise<void>
}

/** What a receiver is about to be sent. */
export interface SnapshotManifest {
  readonly index: LogIndex
  readonly files: readonly SnapshotFile[]
}

/** The receiver's side: the state machine itself stays as it is. */
export interface SnapshotReceiver {
  /** Takes the next bytes of a file. Files come in the order of the manifest, one after another. */
  write(file: string, data: Uint8Array): Promise<void>
  /**
   * Verifies length and hash of every file and settles when all are on stable storage: the snapshot
   * is prepared, and survives a crash.
   *
   * @throws VectronError DATA_CORRUPT when a file is not what the manifest says
   */
  finish(): Promise<void>
  /** Drops what was received, prepared or not. Idempotent; not called after an install. */
  abort(): Promise<void>
}
