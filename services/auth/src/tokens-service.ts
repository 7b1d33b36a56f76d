/** The handlers of auth.v1.Tokens. */

import { VectronError } from '@vectron/base'
import type { auth } from '@vectron/contracts'
import type { ServiceHandlers } from '@vectron/rpc'
import type { AuthContext } from './auth-context.ts'
import { callerOf } from './caller.ts'
import { parseScopes, toPrincipal } from './messages.ts'

const LIFETIME_SECONDS_DEFAULT = 900
const LIFETIME_SECONDS_MIN = 60
const LIFETIME_SECONDS_MAX = 3600

export function tokensHandlers(context: AuthContext): ServiceHandlers<typeof auth.Tokens> {
  const { principals, tokens, signingKeys, clock, audit } = context
  return {
    async createToken({ scopes, lifetimeSeconds }, call) {
      const caller = await callerOf(principals, call)
      if (caller.kind !== 'key') {
        throw new VectronError('FORBIDDEN', 'Only an API key is exchanged for a token.')
      }
      const wanted = checkLifetime(lifetimeSeconds || LIFETIME_SECONDS_DEFAULT)
      const left = caller.expiresMs === 0 ? wanted : (caller.expiresMs - clock.nowMs()) / 1000
      const expiresIn = Math.floor(Math.min(wanted, left))
      const subject = { kind: 'key', keyId: caller.keyId, scopes: parseScopes(scopes) } as const
      const accessToken = await tokens.issue(subject, expiresIn)
      audit(call, 'token.create', { keyId: caller.keyId })
      return { accessToken, expiresIn }
    },

    async validateToken({ token }) {
      const caller = await principals.resolve(token)
      return caller === undefined
        ? { valid: false }
        : { valid: true, principal: toPrincipal(caller) }
    },

    async getKeySet() {
      const keys = await signingKeys.publicKeys()
      return {
        keys: keys.map(({ kty = '', crv = '', x = '', kid = '', alg = '', use = '' }) => ({
          kty,
          crv,
          x,
          kid,
          alg,
          use,
        })),
      }
    },
  }
}

function checkLifetime(seconds: number): number {
  if (seconds >= LIFETIME_SECONDS_MIN && seconds <= LIFETIME_SECONDS_MAX) return seconds
  throw new VectronError(
    'INVALID_ARGUMENT',
    `A token lives ${LIFETIME_SECONDS_MIN} to ${LIFETIME_SECONDS_MAX} seconds, not ${seconds}.`,
    { field: 'lifetimeSeconds' },
  )
}
