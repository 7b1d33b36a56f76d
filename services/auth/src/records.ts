/**
 * What the credential store holds: the keys, and the JSON values under them.
 *
 * No value holds a secret: passwords are argon2id hashes, secrets of API keys and refresh tokens
 * SHA-256 of 256 random bits, signing keys are sealed. A field added later must be optional.
 *
 *   users/<user>                     UserRecord
 *   emails/<email>                   user id; the address in lower case
 *   projects/<project>               ProjectRecord
 *   members/<project>/<user>         MemberRecord
 *   memberships/<user>/<project>     milliseconds of joining, to find a person's projects
 *   keys/<key>                       KeyRecord
 *   project-keys/<project>/<key>     milliseconds of its making, to find a project's keys
 *   key-uses/<key>                   milliseconds of the last use
 *   sessions/<user>/<session>        SessionRecord; gone when it ends
 *   links/<link>                     LinkRecord; gone when it ends
 *   signing/<kid>                    SigningRecord
 *   usage/<project>/<day>            UsageRecord
 *   waits/<account|address>/<hash>   WaitRecord; gone an hour after the last wrong password
 */

import type { CredentialStore, Revision } from './store/credential-store.ts'

export interface UserRecord {
  readonly id: string
  /** Empty until the owner of the first start has chosen one. */
  readonly email: string
  readonly name: string
  /** argon2id in PHC form; empty while no password was set. */
  readonly passwordHash: string
  readonly createdMs: number
  /** Access tokens issued before this count no more. */
  readonly tokensSinceMs: number
  /** Runs the cluster: the owner of the first start. */
  readonly clusterOperator: boolean
}

export type PlanName = 'free' | 'paid' | 'custom'

export interface ProjectRecord {
  readonly id: string
  readonly name: string
  readonly plan: PlanName
  /** With plan "custom": what it allows; 0 for no limit. */
  readonly custom?: PlanAllowance
  readonly createdMs: number
}

export interface PlanAllowance {
  readonly requestsPerSecond: number
  readonly vectorsMax: number
  readonly dimensionMax: number
  readonly collectionsMax: number
  readonly bytesMax: number
  readonly topKMax: number
}

/** As in auth.v1.Role, by rank. */
export const ROLES = ['reader', 'writer', 'admin', 'owner'] as const
export type RoleName = (typeof ROLES)[number]

export interface MemberRecord {
  readonly role: RoleName
  readonly sinceMs: number
}

export const VERBS = ['read', 'write', 'admin'] as const
export type Verb = (typeof VERBS)[number]

export interface ScopeRecord {
  readonly collection: string
  readonly verbs: readonly Verb[]
}

export interface KeyRecord {
  readonly id: string
  readonly projectId: string
  readonly name: string
  readonly environment: 'live' | 'dev'
  readonly role: RoleName
  readonly scopes: readonly ScopeRecord[]
  /** A filter as JSON text; empty for none. */
  readonly rowRule: string
  /** Base64url of SHA-256 of each secret in force, oldest first; two while being rotated. */
  readonly secretHashes: readonly string[]
  readonly createdMs: number
  readonly createdBy: string
  readonly expiresMs?: number
  readonly revokedMs?: number
  readonly clusterOperator: boolean
}

export interface SessionRecord {
  readonly id: string
  readonly userId: string
  /** Base64url of SHA-256 of the refresh token in force. */
  readonly refreshHash: string
  /** Of the tokens before it: one of these that comes back was stolen, or its answer was lost. */
  readonly spentHashes: readonly string[]
  readonly createdMs: number
  readonly expiresMs: number
}

export interface LinkRecord {
  readonly userId: string
  readonly secretHash: string
  readonly expiresMs: number
}

/** Of whoever gave wrong passwords. */
export interface WaitRecord {
  readonly failures: number
  /** Milliseconds of the last one, and after it until the next try. */
  readonly lastMs: number
  readonly waitMs: number
}

export interface SigningRecord {
  readonly kid: string
  /** A JSON Web Key, as everybody may see it. */
  readonly publicKey: Readonly<Record<string, string>>
  /** The private key, sealed; see sealed-secret.ts. */
  readonly sealedKey: string
  readonly createdMs: number
}

export interface UsageRecord {
  readonly requests: number
  readonly searches: number
  readonly pointsWritten: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly refused: number
}

export const keyOf = {
  user: (id: string) => `users/${id}`,
  email: (email: string) => `emails/${email.toLowerCase()}`,
  project: (id: string) => `projects/${id}`,
  member: (projectId: string, userId: string) => `members/${projectId}/${userId}`,
  membership: (userId: string, projectId: string) => `memberships/${userId}/${projectId}`,
  apiKey: (id: string) => `keys/${id}`,
  projectKey: (projectId: string, id: string) => `project-keys/${projectId}/${id}`,
  keyUse: (id: string) => `key-uses/${id}`,
  session: (userId: string, id: string) => `sessions/${userId}/${id}`,
  link: (id: string) => `links/${id}`,
  signing: (kid: string) => `signing/${kid}`,
  usage: (projectId: string, day: string) => `usage/${projectId}/${day}`,
  wait: (kind: 'account' | 'address', hash: string) => `waits/${kind}/${hash}`,
} as const

/** A record with the revision that it was read at, for a later commit. */
export interface Read<T> {
  readonly key: string
  readonly value: T
  readonly revision: Revision
}

/** Reads one record; undefined when there is none. */
export async function readRecord<T>(
  store: CredentialStore,
  key: string,
): Promise<Read<T> | undefined> {
  const found = await store.get(key)
  if (found === undefined) return undefined
  return { key, value: JSON.parse(found.value) as T, revision: found.revision }
}

/** Reads all records under a prefix. */
export async function listRecords<T>(store: CredentialStore, prefix: string): Promise<Read<T>[]> {
  const found = await store.list(prefix)
  return found.map(({ key, value, revision }) => ({ key, value: JSON.parse(value) as T, revision }))
}

export function toPut(key: string, value: unknown, ttlMs?: number) {
  return { key, value: JSON.stringify(value), ...(ttlMs === undefined ? {} : { ttlMs }) }
}

/** The last part of a key. */
export function lastPart(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1)
}
