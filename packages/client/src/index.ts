/**
 * The Vectron SDK for TypeScript and JavaScript, on `fetch` alone: Node, browsers, edge workers.
 *
 *     const vectron = new Vectron({ url: 'http://127.0.0.1:6180', apiKey })
 *     const { results } = await vectron.collection('dictionary').search({ text: 'a young dog' })
 */
export { Access, type AccessQuestion } from './access.ts'
export { Account, type PasswordChange } from './account.ts'
export type {
  AccessVerdict,
  ApiKey,
  AuditEntry,
  AuditPage,
  AuditQuery,
  CreatedApiKey,
  DayUsage,
  KeyScope,
  Member,
  NewApiKey,
  PlanLimits,
  Profile,
  Project,
  Role,
  Session,
  Token,
} from './account-resources.ts'
export { type Alias, type AliasAction, Aliases } from './aliases.ts'
export {
  type ApiErrorFacts,
  errorOfResponse,
  type FieldViolation,
  VectronApiError,
} from './api-error.ts'
export { batchesOf, writeInParallel } from './bulk.ts'
export { Cluster, type WatchOptions } from './cluster.ts'
export type {
  ClusterEvent,
  ClusterHealth,
  ClusterView,
  GatewayLoad,
  Id,
  LocalNode,
  Operator,
  OperatorStep,
  PlacementMemberInfo,
  RequestLoad,
  ShardInfo,
  ShardReplica,
  SlowQueries,
  SlowQuery,
  WorkerInfo,
} from './cluster-resources.ts'
export {
  type AnyPayload,
  type BulkOptions,
  Collection,
  type FacetOptions,
  type PayloadChange,
  type ScrollOptions,
  type ScrollPage,
  type Selection,
  type WriteOptions,
  type WriteSelection,
} from './collection.ts'
export {
  type Condition,
  type FieldBuilder,
  type Filter,
  type FilterBuilder,
  type FilterPart,
  type Path,
  type RangeBounds,
  type Scalar,
  type Value,
  where,
} from './filter.ts'
export { type ProjectChange, Projects } from './projects.ts'
export { RerankPresets } from './rerank-presets.ts'
export type {
  FeedbackEntry,
  FeedbackResult,
  Rerank,
  RerankPreset,
  RerankPresetInput,
  RerankReport,
  RerankStrategy,
} from './reranking.ts'
export type {
  CacheUse,
  ClusterStatistics,
  CollectionChange,
  CollectionInfo,
  CollectionStats,
  Completeness,
  Example,
  FacetCount,
  FacetResult,
  FieldStats,
  FieldType,
  Fused,
  FusedLeg,
  GroupBy,
  Metric,
  MissingShard,
  NewCollection,
  PayloadFields,
  Point,
  PointInput,
  PointQuery,
  ReadOptions,
  Recommend,
  ScoredPoint,
  SearchExplanation,
  SearchGroup,
  SearchQuery,
  SearchRequest,
  SearchResult,
  SearchStage,
  ShardPlan,
  ShardStats,
  StorageBytes,
  WhyNot,
  WriteResult,
} from './resources.ts'
export type { RetryPolicy } from './retry.ts'
export type { CallOptions, ClientOptions } from './transport.ts'
export { decodeVector, encodeVector, type VectorInput } from './vector.ts'
export { Vectron } from './vectron.ts'
