/** What clients of a gateway may take together, from its settings. */
import type { GatewayOptions } from '@vectron/gateway-service'

/** The settings of the section `limits` that a gateway has wherever it runs. */
export interface ClientLimitSettings {
  readonly connections: number
  readonly connectionsPerAddress: number
  readonly bodiesMib: number
  readonly queueMs: number
}

const MIB = 1024 ** 2

export function clientLimits(settings: ClientLimitSettings): GatewayOptions['guard'] {
  return {
    connectionsMax: settings.connections,
    connectionsPerAddressMax: settings.connectionsPerAddress,
    bodiesInFlightBytesMax: settings.bodiesMib * MIB,
    queueMsMax: settings.queueMs,
  }
}
