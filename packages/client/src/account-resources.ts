/** What the authenticator's API takes and gives, as JSON. */

export type Role = 'reader' | 'writer' | 'admin' | 'owner'

/** Verbs on collections whose names match; "*" at the end of a name stands for any rest. */
export interface KeyScope {
  readonly collection: string
  readonly verbs: readonly ('read' | 'write' | 'admin')[]
}

/** What a plan allows; 0 for "not limited". */
export interface PlanLimits {
  readonly plan: string
  readonly requestsPerSecond: number
  readonly vectorsMax: number
  readonly dimensionMax: number
  readonly collectionsMax: number
  readonly bytesMax: number
  readonly topKMax: number
}

export interface Project {
  readonly projectId: string
  readonly name: string
  readonly limits: PlanLimits
  readonly createTime: string
  /** Of the caller. */
  readonly role: Role
}

export interface Profile {
  readonly userId: string
  readonly email: string
  readonly name: string
  readonly createTime: string
  readonly projects: readonly Project[]
}

export interface Session {
  readonly accessToken: string
  /** Counts once: each refresh gives the next. */
  readonly refreshToken: string
  /** Seconds until the access token ends. */
  readonly expiresIn: number
  readonly profile: Profile
}

export interface Member {
  readonly userId: string
  readonly email: string
  readonly name: string
  readonly role: Role
}

export interface ApiKey {
  readonly keyId: string
  readonly projectId: string
  readonly name: string
  readonly environment: 'live' | 'dev'
  readonly role: Role
  readonly scopes: readonly KeyScope[]
  /** A filter as JSON text; empty for none. */
  readonly rowRule: string
  /** RFC 3339; empty for never, as the times below. */
  readonly createTime: string
  readonly expireTime: string
  readonly lastUseTime: string
  readonly revokeTime: string
  /** Secrets in force: 2 while the key is being rotated. */
  readonly secrets: number
  /** May run the cluster too. */
  readonly clusterOperator: boolean
}

/** Whether a key would be let in with a call. */
export interface AccessVerdict {
  readonly allowed: boolean
  /** Why not: the reason of the error that it would get; empty when it is allowed. */
  readonly reason: string
  readonly message: string
  readonly notes: readonly string[]
}

export interface AuditQuery {
  /** Id of a person or of an API key. */
  readonly actor?: string
  /** A part of the action's name. */
  readonly action?: string
  /** A part of what it was done to. */
  readonly subject?: string
  /** "ok", the reason of an error, or "refused" for all that is not "ok". */
  readonly result?: string
  /** RFC 3339. */
  readonly since?: string
  readonly until?: string
  /** For operators of the cluster. */
  readonly allProjects?: boolean
  readonly pageSize?: number
  readonly pageToken?: string
}

export interface AuditEntry {
  /** RFC 3339. */
  readonly time: string
  readonly action: string
  readonly actor: string
  readonly project: string
  readonly subject: string
  readonly result: string
  readonly requestId: string
  readonly peer: string
  readonly facts: Readonly<Record<string, string>>
}

export interface AuditPage {
  readonly entries: readonly AuditEntry[]
  /** Empty on the last page. */
  readonly nextPageToken: string
  /** Whether any audit log is kept where the gateway looks. */
  readonly kept: boolean
  /** Logs whose entries are not among these, each with the reason. */
  readonly missing: readonly string[]
}

export interface NewApiKey {
  readonly name: string
  readonly environment?: 'live' | 'dev'
  readonly role?: Role
  readonly scopes?: readonly KeyScope[]
  readonly rowRule?: string
  readonly expireTime?: string
}

export interface CreatedApiKey {
  readonly key: ApiKey
  /** The key itself, shown this once. */
  readonly text: string
}

export interface DayUsage {
  /** 2026-11-28, UTC. */
  readonly day: string
  readonly requests: number
  readonly searches: number
  readonly pointsWritten: number
  readonly refused: number
}

export interface Token {
  readonly accessToken: string
  /** Seconds. */
  readonly expiresIn: number
}
