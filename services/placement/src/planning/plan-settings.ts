/** Figures that planning goes by, each with its unit and reason. */

export interface PlanSettings {
  /** Milliseconds without a leader after which that is a problem: three election timeouts. */
  readonly leaderlessMs: number
  /** Milliseconds after which a joint configuration lingers: leaving it takes one round trip. */
  readonly jointMs: number
  /**
   * Entries that a member may lack and count as caught up: what is on its way to it at full load.
   * One entry may bring ten thousand points.
   */
  readonly caughtUpLag: bigint
  /** Replicas that one worker may be receiving for repairs; for balance it is one. */
  readonly receivesMax: number
  /** Replicas that the leaders of one worker may be sending. */
  readonly sendsMax: number
  /** Leaders that may be on their way to one worker. */
  readonly transfersMax: number
  /** Milliseconds for which balance leaves a shard alone after any operator on it. */
  readonly restMs: number
  /** Milliseconds for which repairs leave a shard alone after an operator on it failed. */
  readonly retryMs: number
  /** Part of the mean by which counts may differ: below it moving costs more than it brings. */
  readonly countTolerance: number
  /** Part of the mean by which bytes may differ, and the least bytes worth a move. */
  readonly bytesTolerance: number
  readonly bytesWorthMoving: number
  /** Bytes that must stay free on a worker's disk beside a replica that it receives. */
  readonly freeBytesMin: number
  /** Milliseconds after which a command to a leader counts as lost and is sent again. */
  readonly resendMs: number
  /** Milliseconds that a step may take; for catching up: without any progress. */
  readonly stepMs: number
  readonly catchUpStalledMs: number
}

export const PLAN_SETTINGS: PlanSettings = {
  leaderlessMs: 10_000,
  jointMs: 10_000,
  caughtUpLag: 100n,
  receivesMax: 2,
  sendsMax: 2,
  transfersMax: 4,
  restMs: 30_000,
  retryMs: 10_000,
  countTolerance: 0.05,
  bytesTolerance: 0.2,
  bytesWorthMoving: 2 ** 30,
  freeBytesMin: 2 ** 28,
  resendMs: 3_000,
  stepMs: 60_000,
  catchUpStalledMs: 300_000,
}
