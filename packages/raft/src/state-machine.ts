/**
 * What a Raft group replicates: the host hands it committed entries, in order, exactly once.
 *
 * Exactly once per lifetime of its durable state: after a crash the host begins again behind
 * `appliedIndex`, which must be stored together with what was applied.
 */
import type { LogIndex } from '@vectron/base'
import type { CommittedEntry } from '@vectron/native'

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
}
