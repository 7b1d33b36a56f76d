/**
 * The processes of Vectron: their settings, their parts put together, and their lives from the lock
 * on the data folder to the last answer.
 */

export { AUTH_SERVICE, createKey, createSignInLink } from './auth-service.ts'
export { authenticatorDoors } from './authenticator-doors.ts'
export { nextBootEpoch } from './boot-epoch.ts'
export { cacheLimits } from './cache-limits.ts'
export {
  type AuthorityRequest,
  createAuthority,
  issueCertificate,
  type KeyedCertificate,
  type NodeCertificateRequest,
  renewCertificate,
} from './certificates/authority.ts'
export { clientLimits } from './client-limits.ts'
export { Closers } from './closers.ts'
export { openClusterSecret } from './cluster-secret.ts'
export { Connections } from './connections.ts'
export { consoleFolder } from './console-folder.ts'
export { gatewayService, type OpenDemo } from './gateway-service.ts'
export { type Instance, Instances } from './instances.ts'
export { openAuthPart, openPlacementPart, openWorkerPart, workerFolder } from './parts.ts'
export { PLACEMENT_SERVICE } from './placement-service.ts'
export { rerankerOptions } from './reranker-options.ts'
export { RERANKER_SERVICE } from './reranker-service.ts'
export { runService, type ServiceDefinition, type ServiceName } from './run-service.ts'
export { STANDALONE_SETTINGS, type StandaloneConfig } from './settings.ts'
export { type Surroundings, systemSurroundings } from './surroundings.ts'
export { openTracer } from './tracing/open-tracer.ts'
export { channelOptions } from './trust.ts'
export { type Stop, untilStopped } from './until-stopped.ts'
export { WORKER_SERVICE } from './worker-service.ts'
