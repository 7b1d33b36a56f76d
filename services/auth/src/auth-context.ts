/** What the handlers of this service share. */

import type { AuditLog, Clock } from '@vectron/base'
import type { CallContext } from '@vectron/rpc'
import type { AccessTokens } from './access-token.ts'
import type { Accounts } from './accounts.ts'
import type { ApiKeys } from './api-keys.ts'
import type { Principals } from './principals.ts'
import type { Projects } from './projects.ts'
import type { Sessions } from './sessions.ts'
import type { SigningKeys } from './signing-keys.ts'
import type { CredentialStore } from './store/credential-store.ts'
import type { Usage } from './usage.ts'

/** Writes one line of who did what; never a secret. */
export type Audit = (
  call: CallContext,
  action: string,
  facts: Readonly<Record<string, string>>,
) => void

export interface AuthContext {
  readonly store: CredentialStore
  readonly accounts: Accounts
  readonly sessions: Sessions
  readonly projects: Projects
  readonly apiKeys: ApiKeys
  readonly principals: Principals
  readonly tokens: AccessTokens
  readonly signingKeys: SigningKeys
  readonly usage: Usage
  readonly clock: Clock
  readonly audit: Audit
  readonly auditLog: AuditLog
}
