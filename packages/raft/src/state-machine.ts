/**
 * What a Raft group replicates: the host hands it committed entries, in order, exactly once.
 *
 * Exactly once per lifetime of its durable state: after a crash the host begins again behind
 * `appliedIndex`, which must be stored together with what was applied.
 *
 * The host calls apply() and installSnapshot() one at a time. checkpoint(), takeSnapshot() and
 * receiveSnapshot() may come while an apply() is under way.
 */
import type { LogIndex } from '@vectron/base'
import type { CommittedEntry } from '@vectron/native'
import type { SnapshotManifest, SnapshotReceiver, StateSnapshot } from './state-snapshot.ts'

export interface StateMachine<Result = unknown> {
  /** Index of the last applied entry. Never goes back while open. */
  readonly appliedIndex: LogIndex
  /** Entries up to here survive a crash without the log; the log forgets no further. */
  readonly durableIndex: LogIndex
  /**
   * Applies consecutive entries as one batch and answers one result for each. Entries that are no
   * command (elections, membership) come too: the applied index moves with them. A rejection fails
   * the replica for good.
   */
  apply(entries: readonly CommittedEntry[]): Promise<readonly Result[]>
  /** Makes durable what is applied; answers the new durable index. */
  checkpoint(): Promise<LogIndex>
  /** Pins the state as files, at an index of at least the applied one at the time of the call. */
  takeSnapshot(): Promise<StateSnapshot>
  /**
   * Begins to receive a snapshot beside the state. An earlier prepared one may be dropped only when
   * the log cannot have taken it.
   *
   * @throws VectronError CONFLICT while an earlier one is prepared and may be installed yet
   */
  receiveSnapshot(manifest: SnapshotManifest): Promise<SnapshotReceiver>
  /**
   * Switches atomically to the prepared snapshot of this index and settles when the switch is
   * durable; the applied index is the snapshot's then. Idempotent: does nothing when the applied
   * index is there already.
   *
   * @throws VectronError DATA_CORRUPT when no snapshot of this index is prepared
   */
  installSnapshot(index: LogIndex): Promise<void>
  /** Drops a prepared snapshot that was not installed before a crash; there may be none. */
  dropPreparedSnapshot(): Promise<void>
}
