/**
 * The door of the testkit: a clock that is told the time, real processes to test against, and what
 * checks them. Production code never imports it.
 */
export { type EtcdCluster, type EtcdMember, startEtcd } from './etcd-cluster.ts'
export { freePorts } from './free-ports.ts'
export {
  type BrokenKey,
  checkHistory,
  type HistoryVerdict,
  isLinearizable,
} from './linearizability/check-history.ts'
export { HistoryRecorder, type OperationUnderWay } from './linearizability/history-recorder.ts'
export type { Operation, SequentialModel } from './linearizability/operation.ts'
export {
  type RegisterInput,
  type RegisterOutput,
  registerModel,
} from './linearizability/register-model.ts'
export { reportBrokenKey } from './linearizability/report-history.ts'
export { RedisProcess, type RedisProcessOptions } from './redis-process.ts'
export { residentBytes } from './resident-bytes.ts'
export { SimClock } from './sim-clock.ts'
export { slowerShare } from './slower-share.ts'
export { TcpProxy } from './tcp-proxy.ts'
export {
  type HttpAnswer,
  type ServerAddress,
  StartRefused,
  sendRequest,
  VectronProcess,
  type VectronProcessOptions,
} from './vectron-process.ts'
export { type LedgerEntry, WriteLedger } from './write-ledger.ts'
