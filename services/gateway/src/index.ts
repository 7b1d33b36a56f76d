/** The gateway: the only public entry to the data. See DESIGN.md. */

export { authenticate } from './access/authenticate.ts'
export { CredentialCache } from './access/credential-cache.ts'
export type { AuthenticatorDoors } from './access/open-access.ts'
export { openRedisRates } from './access/redis-rates.ts'
export type { RateStore } from './access/shared-rates.ts'
export type { Embedder } from './embedder.ts'
export { type GatewayOptions, openGateway, type RunningGateway } from './open-gateway.ts'
