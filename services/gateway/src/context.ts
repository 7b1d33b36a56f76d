/** What the gateway's services share. */

import type { Clock } from '@vectron/base'
import type { Router } from '@vectron/routing'
import type { Embedder } from './embedder.ts'

export interface GatewayContext {
  readonly router: Router
  /** By name. */
  readonly embedders: ReadonlyMap<string, Embedder>
  readonly clock: Clock
}
