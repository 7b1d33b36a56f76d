/** From records to the messages of auth.v1, and back. */

import { create } from '@bufbuild/protobuf'
import { VectronError } from '@vectron/base'
import { auth } from '@vectron/contracts'
import type { ListedKey } from './api-keys.ts'
import { toLimits } from './plans.ts'
import type { Caller } from './principals.ts'
import {
  type KeyRecord,
  type ProjectRecord,
  type Read,
  ROLES,
  type RoleName,
  type ScopeRecord,
  type UserRecord,
  VERBS,
  type Verb,
} from './records.ts'
import type { DayUsage } from './usage.ts'

const ROLE_NUMBERS = {
  reader: auth.Role.READER,
  writer: auth.Role.WRITER,
  admin: auth.Role.ADMIN,
  owner: auth.Role.OWNER,
} as const

export function toRole(role: RoleName): auth.Role {
  return ROLE_NUMBERS[role]
}

/** @throws VectronError INVALID_ARGUMENT */
export function parseRole(role: auth.Role, otherwise?: RoleName): RoleName {
  const found = ROLES.find((name) => ROLE_NUMBERS[name] === role)
  if (found !== undefined) return found
  if (otherwise !== undefined && role === auth.Role.UNSPECIFIED) return otherwise
  throw new VectronError('INVALID_ARGUMENT', `The role is one of ${ROLES.join(', ')}.`, {
    field: 'role',
  })
}

export function parseScopes(scopes: readonly auth.KeyScope[]): ScopeRecord[] {
  return scopes.map(({ collection, verbs }, index) => ({
    collection,
    verbs: verbs.map((verb) => parseVerb(verb, `scopes[${index}].verbs`)),
  }))
}

/** Milliseconds since the epoch of an RFC 3339 text; undefined for "". */
export function parseTime(text: string, field: string): number | undefined {
  if (text === '') return undefined
  const ms = Date.parse(text)
  if (!Number.isNaN(ms)) return ms
  throw new VectronError('INVALID_ARGUMENT', `"${text}" is no time in the form of RFC 3339.`, {
    field,
  })
}

export function toPrincipal(caller: Caller): auth.Principal {
  const { membership, scopes, tokenScopes, ...rest } = caller
  return create(auth.PrincipalSchema, {
    keyId: rest.keyId,
    name: rest.name,
    userId: rest.userId,
    sessionId: rest.sessionId,
    rowRule: rest.rowRule,
    expiresMs: BigInt(rest.expiresMs),
    clusterOperator: rest.clusterOperator,
    scopes: scopes.map(toScope),
    tokenScopes: tokenScopes.map(toScope),
    ...(membership === undefined
      ? {}
      : {
          projectId: membership.project.value.id,
          role: toRole(membership.role),
          limits: toLimits(membership.project.value, membership.project.revision),
        }),
  })
}

export function toProject(project: Read<ProjectRecord>, role: RoleName): auth.Project {
  const { id, name, createdMs } = project.value
  return create(auth.ProjectSchema, {
    projectId: id,
    name,
    role: toRole(role),
    limits: toLimits(project.value, project.revision),
    createTime: toTime(createdMs),
  })
}

export function toProfile(
  user: UserRecord,
  projects: readonly (Read<ProjectRecord> & { readonly role: RoleName })[],
): auth.Profile {
  return create(auth.ProfileSchema, {
    userId: user.id,
    email: user.email,
    name: user.name,
    createTime: toTime(user.createdMs),
    projects: projects.map((project) => toProject(project, project.role)),
  })
}

export function toApiKey({ key, lastUsedMs }: ListedKey): auth.ApiKey {
  return create(auth.ApiKeySchema, {
    keyId: key.id,
    projectId: key.projectId,
    name: key.name,
    environment: key.environment,
    role: toRole(key.role),
    scopes: key.scopes.map(toScope),
    rowRule: key.rowRule,
    createTime: toTime(key.createdMs),
    expireTime: toTime(key.expiresMs),
    lastUseTime: toTime(lastUsedMs),
    revokeTime: toTime(key.revokedMs),
    secrets: key.secretHashes.length,
    clusterOperator: key.clusterOperator,
  })
}

export function toListed(key: KeyRecord): ListedKey {
  return { key, lastUsedMs: undefined }
}

export function toUsageCount(usage: DayUsage): auth.UsageCount {
  return create(auth.UsageCountSchema, {
    projectId: usage.projectId,
    day: usage.day,
    requests: BigInt(usage.requests),
    searches: BigInt(usage.searches),
    pointsWritten: BigInt(usage.pointsWritten),
    bytesIn: BigInt(usage.bytesIn),
    bytesOut: BigInt(usage.bytesOut),
    refused: BigInt(usage.refused),
  })
}

export function parseUsageCount(count: auth.UsageCount): DayUsage {
  return {
    projectId: count.projectId,
    day: count.day,
    requests: Number(count.requests),
    searches: Number(count.searches),
    pointsWritten: Number(count.pointsWritten),
    bytesIn: Number(count.bytesIn),
    bytesOut: Number(count.bytesOut),
    refused: Number(count.refused),
  }
}

function toScope({ collection, verbs }: ScopeRecord) {
  return { collection, verbs: [...verbs] }
}

function parseVerb(text: string, field: string): Verb {
  const verb = VERBS.find((name) => name === text)
  if (verb !== undefined) return verb
  throw new VectronError(
    'INVALID_ARGUMENT',
    `"${text}" is no verb; they are ${VERBS.join(', ')}.`,
    {
      field,
    },
  )
}

function toTime(ms: number | undefined): string {
  return ms === undefined ? '' : new Date(ms).toISOString()
}
