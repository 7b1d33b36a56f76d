/** The gateway: the only public entry to the data. See DESIGN.md. */

export type { AuthenticatorDoors } from './access/open-access.ts'
export type { Embedder } from './embedder.ts'
export { type GatewayOptions, openGateway, type RunningGateway } from './open-gateway.ts'
