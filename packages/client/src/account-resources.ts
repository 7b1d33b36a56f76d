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
