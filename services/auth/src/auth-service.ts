/** The handler of auth.v1: whose key it is. */

import type { auth } from '@vectron/contracts'
import type { ServiceHandlers } from '@vectron/rpc'
import type { KeyStore } from './key-store.ts'

export function authHandlers(keys: KeyStore): ServiceHandlers<typeof auth.Auth> {
  return {
    async validateKey({ apiKey }) {
      const principal = keys.validateKey(apiKey)
      return principal === undefined ? {} : { principal }
    },
  }
}
