/** The handlers of auth.v1.Auth: what gateways ask. */

import type { auth } from '@vectron/contracts'
import type { ServiceHandlers } from '@vectron/rpc'
import type { AuthContext } from './auth-context.ts'
import { watchChanges } from './change-feed.ts'
import { parseUsageCount, toPrincipal } from './messages.ts'

export function authHandlers(context: AuthContext): ServiceHandlers<typeof auth.Auth> {
  const { principals, usage, store } = context
  return {
    async validateKey({ apiKey, projectId }) {
      const caller = await principals.resolve(apiKey, projectId)
      return caller === undefined ? {} : { principal: toPrincipal(caller) }
    },

    watchChanges(_request, { signal }) {
      return watchChanges(store, signal)
    },

    async reportUsage({ reportId, counts, keyUses }) {
      await usage.add(reportId, counts.map(parseUsageCount))
      const uses = Object.entries(keyUses).map(([id, ms]) => [id, Number(ms)] as const)
      await usage.noteKeyUses(new Map(uses))
      return {}
    },
  }
}
