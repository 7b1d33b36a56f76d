/** The gateway: the only public entry to the data. See DESIGN.md. */

export {
  type AuditSource,
  authenticatorAuditSource,
  ownAuditSource,
} from './access/audit-sources.ts'
export { authenticate } from './access/authenticate.ts'
export { CredentialCache } from './access/credential-cache.ts'
export { FollowedAlias } from './access/followed-alias.ts'
export type { AuthenticatorDoors } from './access/open-access.ts'
export type { RateStore } from './access/shared-rates.ts'
export { type AliasesContext, updateAliases } from './aliases.ts'
export type { DemoNodes } from './demo-service.ts'
export type { Embedder } from './embedder.ts'
export { type GatewayOptions, openGateway, type RunningGateway } from './open-gateway.ts'
export { openRedisRates } from './redis/redis-rates.ts'
export { openRedisResults } from './redis/redis-results.ts'
export type { ConnectReranker } from './rerank/reranker-pool.ts'
export {
  CachedSearches,
  type CachedSearchesOptions,
  type SharedAnswers,
} from './search/cached-searches.ts'
export { readPromise } from './search/read-promise.ts'
export { KEPT_MS, type KeptAnswer, ResultCache } from './search/result-cache.ts'
export type { ResultStore } from './search/shared-results.ts'
export { WrittenPositions } from './written-positions.ts'
