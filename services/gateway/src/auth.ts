/**
 * Authentication of every call to a public service.
 *
 * The authenticator is asked once for a key and again when its answer is old; the cache is bounded
 * and holds only keys that are valid, so wrong keys cannot crowd it.
 */

import { type Clock, VectronError } from '@vectron/base'
import type { auth } from '@vectron/contracts'
import type { CallContext, Client, Interceptor, Principal } from '@vectron/rpc'

/** Milliseconds that an answer is believed: a revoked key is refused after this time at most. */
const BELIEVED_MS = 1000
/** Keys remembered. */
const KEYS_MAX = 10_000

export interface AuthenticationOptions {
  readonly auth: Client<typeof auth.Auth>
  readonly clock: Clock
}

interface Remembered {
  readonly principal: Principal
  readonly untilUs: number
}

/** Lets a call pass when it brings a valid key, and notes whose it is. */
export function authenticate(options: AuthenticationOptions): Interceptor {
  const cache = new Map<string, Remembered>()
  const { clock } = options

  async function validate(key: string): Promise<Principal> {
    const known = cache.get(key)
    if (known !== undefined && known.untilUs > clock.monotonicUs()) return known.principal
    const { principal } = await options.auth.validateKey({ apiKey: key })
    cache.delete(key)
    if (principal === undefined) {
      throw new VectronError('WRONG_KEY', 'The API key is unknown, mistyped or revoked.')
    }
    if (cache.size >= KEYS_MAX) dropOldest(cache)
    cache.set(key, { principal, untilUs: clock.monotonicUs() + BELIEVED_MS * 1000 })
    return principal
  }

  return async (call, next) => {
    const key = keyOf(call)
    // A remembered key costs no turn of the event loop.
    const known = cache.get(key)
    const fresh = known !== undefined && known.untilUs > clock.monotonicUs()
    call.principal = fresh ? known.principal : await validate(key)
    return next()
  }
}

/** @throws VectronError NO_KEY */
function keyOf(call: CallContext): string {
  const authorization = call.header('authorization')
  if (authorization !== undefined) {
    const [scheme, key] = authorization.trim().split(/\s+/)
    if (scheme?.toLowerCase() === 'bearer' && key !== undefined) return key
  }
  const key = call.header('x-api-key')
  if (key !== undefined && key !== '') return key.trim()
  throw new VectronError('NO_KEY', 'The request brings no API key.')
}

function dropOldest(cache: Map<string, Remembered>): void {
  const oldest = cache.keys().next()
  if (!oldest.done) cache.delete(oldest.value)
}
