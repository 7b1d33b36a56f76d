/**
 * The door of the testkit: the simulated clock and log, real processes to test against, and what
 * checks them. Production code never imports it.
 */
export { SimClock } from './sim-clock.ts'
export { type SimDiskOptions, SimRaftLog } from './sim-raft-log.ts'
export { type SimOptions, type SimOutcome, simulate } from './sim-run.ts'
export {
  type HttpAnswer,
  StartRefused,
  VectronProcess,
  type VectronProcessOptions,
} from './vectron-process.ts'
export { type LedgerEntry, WriteLedger } from './write-ledger.ts'
