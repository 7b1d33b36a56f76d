/**
 * Authentication of every call to a public service: who calls, by the credential that they bring.
 */

import { VectronError } from '@vectron/base'
import { PROJECT_HEADER } from '@vectron/contracts'
import type { CallContext, Interceptor } from '@vectron/rpc'
import { isOfAuthenticator } from './access-rules.ts'
import type { Credential, CredentialCache } from './credential-cache.ts'

/** Lets a call pass when it brings a valid credential, and notes whose it is. */
export function authenticate(cache: CredentialCache): Interceptor {
  return async (call, next) => {
    if (isOfAuthenticator(call.method)) return next()
    const credential = credentialOf(call)
    // A remembered credential costs no turn of the event loop.
    call.principal = cache.peek(credential) ?? (await cache.ask(credential))
    return next()
  }
}

/** @throws VectronError NO_KEY */
function credentialOf(call: CallContext): Credential {
  const project = call.header(PROJECT_HEADER) ?? ''
  const authorization = call.header('authorization')
  if (authorization !== undefined) {
    const [scheme, text] = authorization.trim().split(/\s+/)
    if (scheme?.toLowerCase() === 'bearer' && text !== undefined) return { text, project }
  }
  const key = call.header('x-api-key')?.trim()
  if (key !== undefined && key !== '') return { text: key, project }
  throw new VectronError('NO_KEY', 'The request brings no API key.')
}
