/**
 * Bugs that the simulation can be told to plant, by which it proves that it would find them.
 *
 * Each is a wrapper around a part, or a parameter of one, chosen when a run is built: production
 * code knows nothing of them.
 */
export const PLANTED_BUGS = [
  /** Messages and commits that promise durability are let go before the fsync. */
  'acknowledge-before-fsync',
  /** A worker answers requests that were routed by another epoch. */
  'skip-epoch-check',
  /** A repeated request is applied again. */
  'forget-dedupe-table',
  /** Leaders report learners that are behind as caught up, so that they are promoted. */
  'promote-learner-early',
  /** A restarted replica applies changes of members again that its configuration has already. */
  'apply-conf-change-twice',
  /** Raft is never told what became of a snapshot. */
  'never-report-snapshot',
  /** A worker forgets which replicas it ever created, and creates a lost one anew. */
  'reuse-replica-id',
  /** A strong read is answered without asking the others whether this replica still leads. */
  'read-without-read-index',
  /** The log is compacted up to what is applied, durable or not. */
  'compact-past-durable',
  /** A vote is given and not written down. */
  'vote-without-persisting',
  /** A conditional write is applied whatever version the point has. */
  'ignore-if-version',
  /** Reads show points whose time has come until a command frees them. */
  'show-expired',
  /** A gateway answers the switch of an alias and goes on by the routing that it had. */
  'keep-switched-alias',
] as const

export type PlantedBug = (typeof PLANTED_BUGS)[number]
