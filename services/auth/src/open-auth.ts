/**
 * Opens the auth service on a credential store: every part, and the services bound to them.
 *
 * Any number of instances may run on one etcd; on SQLite there is one. Nothing is remembered
 * between calls but the signing keys.
 */

import { DatabaseSync } from 'node:sqlite'
import { type AuditLog, type Clock, LIMITS, type Logger, type Random } from '@vectron/base'
import { auth, DEFAULT_PROJECT } from '@vectron/contracts'
import { type BoundService, bindService, type CallContext } from '@vectron/rpc'
import { AccessTokens } from './access-token.ts'
import { Accounts } from './accounts.ts'
import { AccountsService } from './accounts-service.ts'
import { ApiKeys, type CreatedKey } from './api-keys.ts'
import { apiKeysHandlers } from './api-keys-service.ts'
import type { AuthContext } from './auth-context.ts'
import { authHandlers } from './auth-service.ts'
import { addressOf } from './caller.ts'
import { ensureOwner, readKeysOfOldRelease } from './first-start.ts'
import { LoginThrottle } from './login-throttle.ts'
import { PasswordHasher } from './password-hash.ts'
import { Principals } from './principals.ts'
import { Projects } from './projects.ts'
import { ProjectsService } from './projects-service.ts'
import { keyOf, toPut } from './records.ts'
import { Sessions } from './sessions.ts'
import { SigningKeys } from './signing-keys.ts'
import type { CredentialStore } from './store/credential-store.ts'
import { tokensHandlers } from './tokens-service.ts'
import { Usage } from './usage.ts'

export interface AuthOptions {
  readonly store: CredentialStore
  /** Seals the signing keys; the same for all instances. */
  readonly masterKey: Uint8Array
  /** Who issues tokens: the cluster's name. */
  readonly issuer: string
  readonly registration: 'open' | 'closed'
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly auditLog: AuditLog
}

export interface RunningAuth {
  /** What gateways ask; not for the public. */
  readonly auth: BoundService
  /** Accounts, projects, API keys and tokens. */
  readonly publicServices: readonly BoundService[]
  readonly auditLog: AuditLog
  /** A key that does everything, for the owner of the cluster. */
  createOwnerKey(name: string): Promise<CreatedKey>
  /** Ends a key of the default project. */
  revokeOwnerKey(keyId: string): Promise<void>
  /** Whether a credential counts. */
  isInForce(credential: string): Promise<boolean>
  /** Keys that were ever made in the default project. */
  countKeys(): Promise<number>
  /** Whether the owner has chosen an address and a password. */
  isOwnerSettled(): Promise<boolean>
  /** Signs in as the owner, once. */
  createSignInLink(): Promise<string>
}

/** Most of what the public services take is open to strangers. */
const SMALL_REQUESTS = { requestBytesMax: LIMITS.openRequestBytesMax }

export async function openAuth(options: AuthOptions): Promise<RunningAuth> {
  const context = await createContext(options)
  const { store, accounts, projects, apiKeys } = context
  const owner = await ensureOwner({ store, accounts, projects })
  return {
    auth: bindService(auth.Auth, authHandlers(context)),
    publicServices: [
      bindService(auth.Accounts, new AccountsService(context), SMALL_REQUESTS),
      bindService(auth.Projects, new ProjectsService(context), SMALL_REQUESTS),
      bindService(auth.ApiKeys, apiKeysHandlers(context), SMALL_REQUESTS),
      bindService(auth.Tokens, tokensHandlers(context), SMALL_REQUESTS),
    ],
    auditLog: options.auditLog,
    createOwnerKey: (name) =>
      apiKeys.create({
        projectId: DEFAULT_PROJECT,
        name,
        environment: 'dev',
        role: 'owner',
        scopes: [],
        rowRule: '',
        createdBy: owner.id,
        clusterOperator: true,
      }),
    revokeOwnerKey: async (keyId) => {
      await apiKeys.revoke(DEFAULT_PROJECT, keyId)
    },
    isInForce: async (credential) => (await context.principals.resolve(credential)) !== undefined,
    countKeys: async () => (await apiKeys.list(DEFAULT_PROJECT)).length,
    isOwnerSettled: async () => (await accounts.profile(owner.id)).email !== '',
    createSignInLink: () => accounts.createLink(owner.id),
  }
}

/** Takes in the keys of a file that an older release wrote; does nothing when done before. */
export async function adoptOldKeys(store: CredentialStore, file: string): Promise<void> {
  const db = new DatabaseSync(file)
  try {
    for (const key of readKeysOfOldRelease(db)) {
      await store.commit({
        expect: [{ key: keyOf.apiKey(key.id), revision: 0n }],
        put: [
          toPut(keyOf.apiKey(key.id), key),
          toPut(keyOf.projectKey(key.projectId, key.id), key.createdMs),
        ],
      })
    }
  } finally {
    db.close()
  }
}

async function createContext(options: AuthOptions): Promise<AuthContext> {
  const { store, masterKey, issuer, clock, random, logger, registration } = options
  const signingKeys = await SigningKeys.open({ store, masterKey, clock, random })
  const tokens = new AccessTokens({ keys: signingKeys, issuer, clock })
  const sessions = new Sessions({
    store,
    tokens,
    clock,
    onReuse: (userId, sessionId) =>
      logger.warn({ userId, sessionId }, 'a refresh token was used again; its session has ended'),
  })
  const projects = new Projects(store, clock)
  return {
    store,
    sessions,
    projects,
    tokens,
    signingKeys,
    clock,
    accounts: new Accounts({
      store,
      hasher: new PasswordHasher(random),
      throttle: new LoginThrottle(store, clock),
      sessions,
      projects,
      clock,
      registration,
    }),
    apiKeys: new ApiKeys(store, clock),
    principals: new Principals({ store, tokens, sessions, clock }),
    usage: new Usage(store, clock),
    auditLog: options.auditLog,
    audit: (call, action, facts) => writeAudit(options.auditLog, call, action, facts),
  }
}

function writeAudit(
  log: AuditLog,
  call: CallContext,
  action: string,
  facts: Readonly<Record<string, string>>,
): void {
  const { userId = '', projectId = '', keyId = '' } = facts
  log.write({
    action,
    actor: call.principal?.userId || call.principal?.keyId || userId,
    project: projectId,
    subject: keyId || userId || projectId,
    result: 'ok',
    requestId: call.requestId,
    peer: addressOf(call),
    facts,
  })
}
