/** The handlers of auth.v1.Auth: what gateways ask. */

import { LIMITS } from '@vectron/base'
import type { auth } from '@vectron/contracts'
import type { ServiceHandlers } from '@vectron/rpc'
import type { AuthContext } from './auth-context.ts'
import { watchChanges } from './change-feed.ts'
import { parseUsageCount, toPrincipal } from './messages.ts'

export function authHandlers(context: AuthContext): ServiceHandlers<typeof auth.Auth> {
  const { principals, usage, store, auditLog } = context
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

    async listAuditRecords(request) {
      const { project, actor, action, subject, result, since, until, before, entriesMax } = request
      const page = await auditLog.readPage({
        before,
        entriesMax: Math.min(entriesMax, LIMITS.auditPageMax),
        bytesMax: LIMITS.auditPageBytesMax,
        filter: { project, actor, action, subject, result, since, until },
      })
      return {
        kept: auditLog.isKept,
        records: page.entries.map(({ position, facts, ...entry }) => ({
          entry: { ...entry, facts: { ...facts } },
          position,
        })),
        next: page.next,
        scannedTo: page.scannedTo,
      }
    },
  }
}
