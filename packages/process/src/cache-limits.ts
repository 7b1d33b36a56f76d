/** What a gateway keeps of its answers, from its settings. */
import type { GatewayOptions } from '@vectron/gateway-service'
import type { SharedStore } from './shared-store.ts'

/** The section `cache`. */
export interface CacheSettings {
  readonly mib: number
  readonly eventualAgeMs: number
}

const MIB = 1024 ** 2

/** @param store where gateways keep answers for each other; undefined: each keeps its own. */
export function cacheLimits(
  { mib, eventualAgeMs }: CacheSettings,
  store: SharedStore | undefined,
): GatewayOptions['cache'] {
  return {
    bytesMax: mib * MIB,
    eventualAgeMsMax: eventualAgeMs,
    openStore: store && mib > 0 ? (clusterId) => store.openResults(clusterId) : undefined,
  }
}
