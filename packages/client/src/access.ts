/** Whether a key would be let in, and who did what. */
import type { AccessVerdict, AuditPage, AuditQuery } from './account-resources.ts'
import type { CallOptions, Transport } from './transport.ts'

export interface AccessQuestion {
  readonly keyId: string
  /** By its `operationId` in /openapi.json. */
  readonly operation: string
  /** Needed where the operation is about a collection. */
  readonly collection?: string
}

export class Access {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** Whether a key of the project would be let in with a call, which is not made. */
  check(question: AccessQuestion, options?: CallOptions): Promise<AccessVerdict> {
    const path = '/v1/access:check'
    return this.#transport.call({ method: 'POST', path, body: question, idempotent: true }, options)
  }

  /** A page of what was done in the project, newest first. */
  audit(query: AuditQuery = {}, options?: CallOptions): Promise<AuditPage> {
    const given = Object.entries(query).filter(([, value]) => value !== undefined)
    const parameters = new URLSearchParams(given.map(([name, value]) => [name, String(value)]))
    const path = `/v1/audit?${parameters}`
    return this.#transport.call({ method: 'GET', path, idempotent: true }, options)
  }
}
