/**
 * Bugs that the simulation can be told to plant, by which it proves that it would find them.
 *
 * Each is a wrapper around a part, or a parameter of one, chosen when a run is built: production
 * code knows nothing of them.
 */
export const PLANTED_BUGS = [
  /** Messages and commits that promise durability are let go before the fsync. */
  'acknowledge-before-fsync',
  /** A repeated request is applied again. */
  'forget-dedupe-table',
  /** Raft is never told what became of a snapshot. */
  'never-report-snapshot',
  /** A strong read is answered without asking the others whether this replica still leads. */
  'read-without-read-index',
  /** A vote is given and not written down. */
  'vote-without-persisting',
] as const

export type PlantedBug = (typeof PLANTED_BUGS)[number]
