/** The gateway: the only public entry to the data. See DESIGN.md. */

export type { Embedder } from './embedder.ts'
export { type GatewayOptions, openGateway, type RunningGateway } from './open-gateway.ts'
