/**
 * Limits of a replica host, with units and reasons. The simulation uses smaller ones, so that rare
 * paths are walked often.
 */
import { LIMITS } from '@vectron/base'
import type { RaftCoreOptions } from '@vectron/native'

const MIB = 1024 * 1024

export interface HostLimits {
  /** Milliseconds of one tick of Raft's logical clock. */
  readonly tickMs: number
  /** Bytes of proposals between admission and their result, all groups together. */
  readonly inFlightBytesMax: number
  /** Bytes of entries that go to a state machine in one batch: bounds its transaction. */
  readonly applyBytesMax: number
  /** Bytes of a group's log from which the host asks for a checkpoint. */
  readonly checkpointLogBytes: number
  /** Bytes that a checkpoint must free before the log is compacted. */
  readonly compactLogBytes: number
  /** Bytes of log that a leader keeps for the member that lags most; beyond it gets a snapshot. */
  readonly followerLogBytes: number
  /** Bytes of log that other members keep, for the case that they lead one day. */
  readonly spareLogBytes: number
  /** Bytes of log that are kept after a snapshot while somebody fetches it. */
  readonly snapshotLogBytes: number
  /** Snapshots that a host offers at a time. */
  readonly snapshotOffersMax: number
  /** Snapshots that a host receives at a time. */
  readonly snapshotFetchesMax: number
  /** Milliseconds without progress after which either side gives a snapshot up. */
  readonly snapshotStallMs: number
  /** The same before the first byte was asked for: the offer was most likely lost. */
  readonly snapshotStartMs: number
  /** Milliseconds that a snapshot stays pinned when nobody needs it any more. */
  readonly snapshotIdleMs: number
  /** Ticks after which an unanswered read barrier asks again. */
  readonly readRetryTicks: number
}

export const HOST_LIMITS: HostLimits = {
  tickMs: LIMITS.raftTickMs,
  inFlightBytesMax: LIMITS.writesInFlightBytesMax,
  applyBytesMax: LIMITS.raftCommittedBytesPerPollMax,
  // A restart replays at most about this much for each shard; an engine applies it in a second.
  checkpointLogBytes: 32 * MIB,
  // Compacting writes to the log, so not for every few entries.
  compactLogBytes: 4 * MIB,
  // A node that restarts within seconds or minutes catches up without a copy of its shards.
  followerLogBytes: 16 * MIB,
  spareLogBytes: 4 * MIB,
  // A gigabyte at the default rate takes a quarter of a minute; writes go on meanwhile.
  snapshotLogBytes: 256 * MIB,
  // More would share the same disk and line, and each would take longer.
  snapshotOffersMax: 2,
  snapshotFetchesMax: 2,
  snapshotStallMs: 30_000,
  // A new replica is a member a moment before its worker has made it, and misses the first offer.
  snapshotStartMs: 2_000,
  snapshotIdleMs: 5000,
  // Longer than a round trip on a slow network, shorter than an election.
  readRetryTicks: 5,
}

/** What bounds the core of a host; its seed is the caller's. */
export const CORE_LIMITS: Omit<RaftCoreOptions, 'seed'> = {
  electionTicks: LIMITS.raftElectionTicks,
  heartbeatTicks: LIMITS.raftHeartbeatTicks,
  messageBytesMax: LIMITS.raftMessageBytesMax,
  inflightMessagesMax: LIMITS.raftInflightMessagesMax,
  uncommittedBytesMax: LIMITS.raftUncommittedBytesMax,
  committedBytesPerPollMax: LIMITS.raftCommittedBytesPerPollMax,
}
