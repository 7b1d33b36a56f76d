/**
 * The ground that every package stands on: errors, assertions, ids, time, randomness, bytes,
 * limits, logs, metrics and configuration. Knows nothing of vectors, Raft or requests.
 */

export { AssertionFailure, assert, assertDefined, unreachable } from './assert.ts'
export type { AuditFilter } from './audit-filter.ts'
export {
  type AuditEntry,
  type AuditLog,
  type AuditLogOptions,
  NO_AUDIT_LOG,
  openAuditLog,
} from './audit-log.ts'
export type { AuditPage, AuditPageQuery, PlacedEntry, RecordedEntry } from './audit-reader.ts'
export { type Backoff, backoffMs } from './backoff.ts'
export {
  bytesEqual,
  concatBytes,
  f32FromBytes,
  f32ToBytes,
  parseBase64Url,
  toBase64Url,
  toHex,
  u64FromBytes,
  u64ToBytes,
  u64ToHex,
  viewOf,
} from './bytes.ts'
export { checkAtMost } from './check-at-most.ts'
export { type CancelTimer, type Clock, sleep, systemClock, utcDay } from './clock.ts'
export {
  type ConfigFlag,
  type ConfigSources,
  type ConfigSpec,
  type ConfigValues,
  describeConfig,
  formatToml,
  type LoadedConfig,
  listSettings,
  loadConfig,
  type SettingRow,
} from './config.ts'
export { checkDeadline, type Deadline, deadlineAfter, withDeadline } from './deadline.ts'
export { didYouMean, nearestName } from './did-you-mean.ts'
export { type Disk, replaceFile, systemDisk } from './disk.ts'
export {
  type ErrorReason,
  GRPC_CODES,
  type GrpcCodeName,
  isErrorReason,
  REASONS,
  type ReasonRow,
  type Retry,
  reasonRow,
} from './error-reasons.ts'
export { type ErrorContext, isVectronError, toVectronError, VectronError } from './errors.ts'
export { type FolderLock, lockFolder } from './folder-lock.ts'
export {
  type GroupId,
  groupId,
  groupOfShard,
  type LogIndex,
  logIndex,
  type ReplicaId,
  replicaId,
  type ShardId,
  shardId,
  type Term,
  term,
  type WorkerId,
  workerId,
} from './ids.ts'
export { LIMITS } from './limits.ts'
export { createLogger, type Logger, type LoggerOptions, type LogLevel, maskKeys } from './log.ts'
export {
  type Counter,
  createMetrics,
  type Gauge,
  type Histogram,
  type HistogramOptions,
  type MetricOptions,
  type Metrics,
} from './metrics.ts'
export {
  isNamed,
  NODE_ROLES,
  type NodeRole,
  nodeName,
  parseAltNames,
  rolesOf,
} from './node-role.ts'
export { type LoadOfProcess, ProcessLoad } from './process-load.ts'
export { type Random, seededRandom, systemRandom, testSeed } from './random.ts'
export { isSameSecret } from './same-secret.ts'
export { writeSecretFile } from './secret-file.ts'
export {
  booleanSetting,
  choiceSetting,
  integerSetting,
  listSetting,
  type ParsedSetting,
  patternSetting,
  type Setting,
  stringSetting,
} from './setting.ts'
export { Stages, type StagesOptions, type StageTimer, UNTIMED } from './stages.ts'
export type { ReadHeader, Span, SpanAttributes, SpanOptions, Tracer } from './tracer.ts'
