/**
 * Everything between a call and its handler that is about who calls: authentication, audit, rates,
 * usage, authorization, limits of the plan. Put together once, in the order in which they act.
 */

import type { DescMethod } from '@bufbuild/protobuf'
import type { AuditLog, Clock, Logger } from '@vectron/base'
import type { auth } from '@vectron/contracts'
import type { Router } from '@vectron/routing'
import type { BoundService, CallContext, Client, Interceptor } from '@vectron/rpc'
import { auditCalls } from './audit.ts'
import { type AuthDoors, proxyAuth } from './auth-proxy.ts'
import { authenticate } from './authenticate.ts'
import { CredentialCache } from './credential-cache.ts'
import { guardService } from './guard.ts'
import { PlanLimits } from './plan-limits.ts'
import { limitRates, type RateCounter } from './rate-limits.ts'
import { UsageMeter } from './usage-meter.ts'

/** The authenticator: what gateways alone ask it, and what they pass on. */
export interface AuthenticatorDoors extends AuthDoors {
  readonly auth: Client<typeof auth.Auth>
}

export interface AccessOptions {
  readonly doors: AuthenticatorDoors
  readonly router: Router
  readonly auditLog: AuditLog
  readonly rates: RateCounter
  readonly clock: Clock
  readonly logger: Logger
}

export interface Access {
  /** In the order in which they wrap a call. */
  readonly interceptors: readonly Interceptor[]
  /** The authenticator's public services, passed on. */
  readonly services: readonly BoundService[]
  /** Lets only those through who may. */
  guard(service: BoundService): BoundService
  /** What the plan of the caller's project allows. @throws VectronError PLAN_LIMIT */
  checkLimits(request: object, call: CallContext, method: DescMethod): void
  close(): Promise<void>
}

export function openAccess(options: AccessOptions): Access {
  const { doors, router, auditLog, rates, clock, logger } = options
  const cache = new CredentialCache({ auth: doors.auth, clock, logger })
  const meter = new UsageMeter({ auth: doors.auth, clock, logger })
  const limits = new PlanLimits({ router, clock, logger })
  cache.start()
  meter.start()
  limits.start()
  return {
    interceptors: [
      auditCalls(auditLog),
      authenticate(cache),
      limitRates(rates, (projectId) => meter.onRefused(projectId)),
      meter.interceptor,
    ],
    services: proxyAuth(doors),
    guard: (service) =>
      guardService(service, {
        names: router,
        inspect: (request, call, method) => {
          limits.inspect(request, call, method)
          meter.inspect(request, call, method)
        },
      }),
    checkLimits: (request, call, method) => limits.inspect(request, call, method),
    close: async () => {
      await Promise.all([cache.close(), limits.close(), rates.close()])
      await meter.close()
    },
  }
}
