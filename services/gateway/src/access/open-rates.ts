/** Who counts the requests of projects: this gateway for its share, or a store that all use. */

import type { Clock, Logger, Metrics } from '@vectron/base'
import type { Router } from '@vectron/routing'
import { LocalRateCounter, type RateCounter } from './rate-limits.ts'
import { type RateStore, SharedRateCounter } from './shared-rates.ts'

/** How several gateways keep the limits of projects together. */
export interface GatewayLimits {
  /**
   * Gateways that share the load, this one included; 0: as many as placement hears of. Without a
   * store each allows its share of a project's rate.
   */
  readonly gateways: number
  /** Opens the store in which all gateways of the cluster with this id count. */
  readonly openStore: ((clusterId: string) => RateStore) | undefined
}

export interface RatesOptions {
  readonly limits: GatewayLimits
  /** Knows the cluster, and how many gateways it has. */
  readonly router: Router
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
}

export async function openRates(options: RatesOptions): Promise<RateCounter> {
  const { limits, router, clock, logger, metrics } = options
  const gateways = () => limits.gateways || router.gateways
  const gauge = metrics.gauge({
    name: 'rate_gateways',
    help: 'Gateways among which the limits of projects are divided while they are not shared.',
    collect: (): void => gauge.set(gateways()),
  })
  const divided = new LocalRateCounter(clock, gateways)
  if (limits.openStore === undefined) return divided
  const store = limits.openStore(router.table.clusterId)
  const shared = new SharedRateCounter({ store, divided, clock, logger, metrics })
  await shared.start()
  return shared
}
