/**
 * The door of the testkit: real processes to test against, and what checks them. Production code
 * never imports it.
 */
export {
  type HttpAnswer,
  StartRefused,
  VectronProcess,
  type VectronProcessOptions,
} from './vectron-process.ts'
export { type LedgerEntry, WriteLedger } from './write-ledger.ts'
