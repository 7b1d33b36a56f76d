/**
 * Limits of a replica host, with units and reasons. The simulation uses smaller ones, so that rare
 * paths are walked often.
 */
import { LIMITS } from '@vectron/base'

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
  // Longer than a round trip on a slow network, shorter than an election.
  readRetryTicks: 5,
}
