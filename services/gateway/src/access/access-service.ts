/** The handlers of vectron.v1.Access. */
import type { vectron } from '@vectron/contracts'
import type { CallContext, ServiceHandlers } from '@vectron/rpc'
import { type CheckAccessOptions, checkAccess } from './check-access.ts'
import { type ListAuditOptions, listAuditEntries } from './list-audit-entries.ts'

export class AccessService implements ServiceHandlers<typeof vectron.Access> {
  readonly #options: CheckAccessOptions & ListAuditOptions

  constructor(options: CheckAccessOptions & ListAuditOptions) {
    this.#options = options
  }

  async checkAccess(request: vectron.CheckAccessRequest, call: CallContext) {
    return checkAccess(this.#options, request, call)
  }

  async listAuditEntries(request: vectron.ListAuditEntriesRequest, call: CallContext) {
    return listAuditEntries(this.#options, request, call)
  }
}
