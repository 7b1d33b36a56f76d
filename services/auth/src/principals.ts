/**
 * From a credential, as a caller sent it, to who that is and what they may do now.
 *
 * Reads the store each time: gateways remember answers and are told by the change feed when one
 * ends. Whatever is wrong with a credential, the answer is the same: nobody.
 */

import type { Clock } from '@vectron/base'
import type { AccessTokens, VerifiedToken } from './access-token.ts'
import { parseKey } from './api-key.ts'
import {
  type KeyRecord,
  keyOf,
  lastPart,
  listRecords,
  type MemberRecord,
  type ProjectRecord,
  type Read,
  type RoleName,
  readRecord,
  type ScopeRecord,
  type UserRecord,
} from './records.ts'
import { hashSecret, isSecretOf } from './secret-text.ts'
import type { Sessions } from './sessions.ts'
import type { CredentialStore } from './store/credential-store.ts'

/** Who calls. */
export interface Caller {
  readonly kind: 'user' | 'key'
  /** Empty for an API key. */
  readonly userId: string
  /** Empty for a person. */
  readonly keyId: string
  readonly sessionId: string
  readonly name: string
  /** Absent for a person without a project, or who is no member of the one asked for. */
  readonly membership: Membership | undefined
  readonly scopes: readonly ScopeRecord[]
  /** Of a token that was made from a key: what it leaves of the key's scopes. */
  readonly tokenScopes: readonly ScopeRecord[]
  readonly rowRule: string
  /** 0: never. */
  readonly expiresMs: number
  readonly clusterOperator: boolean
}

export interface Membership {
  readonly project: Read<ProjectRecord>
  readonly role: RoleName
}

export interface PrincipalsOptions {
  readonly store: CredentialStore
  readonly tokens: AccessTokens
  readonly sessions: Sessions
  readonly clock: Clock
}

export class Principals {
  readonly #options: PrincipalsOptions

  constructor(options: PrincipalsOptions) {
    this.#options = options
  }

  /** Takes an API key or an access token; `projectId` chooses among a person's projects. */
  async resolve(credential: string, projectId = ''): Promise<Caller | undefined> {
    const key = parseKey(credential)
    if (key !== undefined) return this.#findKey(key.id, key.secret)
    const token = await this.#options.tokens.verify(credential)
    if (token === undefined) return undefined
    const { subject } = token
    if (subject.kind === 'user') return this.#resolveUser(subject, token, projectId)
    const caller = await this.#findKey(subject.keyId)
    if (caller === undefined) return undefined
    const expiresMs = Math.min(caller.expiresMs || token.expiresMs, token.expiresMs)
    return { ...caller, tokenScopes: subject.scopes, expiresMs }
  }

  /** A key that is in force; its secret is checked when one is given. */
  async #findKey(id: string, secret?: string): Promise<Caller | undefined> {
    const { store, clock } = this.#options
    const found = await readRecord<KeyRecord>(store, keyOf.apiKey(id))
    // A key that does not exist costs what one with another secret does.
    const key = found?.value ?? createDecoy()
    // Every hash is compared, so that time does not tell which secret was near.
    const matches = key.secretHashes.map((hash) => secret === undefined || isSecretOf(secret, hash))
    const isOver = key.expiresMs !== undefined && key.expiresMs <= clock.nowMs()
    const isRefused = key.revokedMs !== undefined || isOver || !matches.includes(true)
    if (found === undefined || isRefused) return undefined
    const project = await readRecord<ProjectRecord>(store, keyOf.project(key.projectId))
    if (project === undefined) return undefined
    return {
      kind: 'key',
      userId: '',
      keyId: key.id,
      sessionId: '',
      name: key.name,
      membership: { project, role: key.role },
      scopes: key.scopes,
      tokenScopes: [],
      rowRule: key.rowRule,
      expiresMs: key.expiresMs ?? 0,
      clusterOperator: key.clusterOperator,
    }
  }

  async #resolveUser(
    { userId, sessionId }: { readonly userId: string; readonly sessionId: string },
    { issuedMs, expiresMs }: VerifiedToken,
    projectId: string,
  ): Promise<Caller | undefined> {
    const { store, sessions } = this.#options
    const [user, isLive] = await Promise.all([
      readRecord<UserRecord>(store, keyOf.user(userId)),
      sessions.isLive(userId, sessionId),
    ])
    if (user === undefined || !isLive || issuedMs < user.value.tokensSinceMs) return undefined
    return {
      kind: 'user',
      userId,
      keyId: '',
      sessionId,
      name: user.value.name || user.value.email,
      membership: await this.membershipOf(userId, projectId),
      scopes: [],
      tokenScopes: [],
      rowRule: '',
      expiresMs,
      clusterOperator: user.value.clusterOperator,
    }
  }

  /** A person's membership in a project; in the first of theirs when none is named. */
  async membershipOf(userId: string, projectId: string): Promise<Membership | undefined> {
    const { store } = this.#options
    const id = projectId || (await this.#firstProjectOf(userId))
    if (id === undefined) return undefined
    const [member, project] = await Promise.all([
      readRecord<MemberRecord>(store, keyOf.member(id, userId)),
      readRecord<ProjectRecord>(store, keyOf.project(id)),
    ])
    if (member === undefined || project === undefined) return undefined
    return { project, role: member.value.role }
  }

  async #firstProjectOf(userId: string): Promise<string | undefined> {
    const { store } = this.#options
    const found = await listRecords<number>(store, keyOf.membership(userId, ''))
    const [oldest] = found.sort((a, b) => a.value - b.value)
    return oldest === undefined ? undefined : lastPart(oldest.key)
  }
}

const DECOY = JSON.stringify({
  id: 'AAAAAAAAAAAA',
  projectId: 'AAAAAAAAAAAA',
  name: 'a key that does not exist',
  environment: 'live',
  role: 'reader',
  scopes: [],
  rowRule: '',
  secretHashes: [hashSecret('')],
  createdMs: 0,
  createdBy: 'AAAAAAAAAAAA',
  clusterOperator: false,
} satisfies KeyRecord)

function createDecoy(): KeyRecord {
  return JSON.parse(DECOY) as KeyRecord
}
