/**
 * Projects: what holds collections, members, API keys and a plan.
 *
 * Invariant: a project has at least one owner. Changes that could break it name the members that
 * they were decided by, and are refused when those changed meanwhile.
 */

import { type Clock, VectronError } from '@vectron/base'
import {
  type KeyRecord,
  keyOf,
  lastPart,
  listRecords,
  type MemberRecord,
  type PlanAllowance,
  type PlanName,
  type ProjectRecord,
  type Read,
  type RoleName,
  readRecord,
  toPut,
  type UsageRecord,
  type UserRecord,
} from './records.ts'
import { createId } from './secret-text.ts'
import type { CredentialStore } from './store/credential-store.ts'

const NAME_CHARS_MAX = 128
/** Projects of one person. */
const PROJECTS_MAX = 100
const MEMBERS_MAX = 1000

export interface NewProject {
  readonly name: string
  readonly plan: PlanName
  readonly custom?: PlanAllowance
  /** Default: a fresh one. */
  readonly id?: string
}

export interface ProjectChange {
  readonly name?: string
  readonly plan?: PlanName
  readonly custom?: PlanAllowance
}

export interface ListedMember {
  readonly user: UserRecord
  readonly role: RoleName
}

export class Projects {
  readonly #store: CredentialStore
  readonly #clock: Clock

  constructor(store: CredentialStore, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** The person becomes its owner. @throws VectronError INVALID_ARGUMENT, CONFLICT */
  async create(project: NewProject, ownerId: string): Promise<Read<ProjectRecord>> {
    const name = parseName(project.name)
    if ((await this.listOf(ownerId)).length >= PROJECTS_MAX) {
      throw new VectronError('CONFLICT', `One account has at most ${PROJECTS_MAX} projects.`)
    }
    const now = this.#clock.nowMs()
    const { id = createId().toLowerCase(), plan, custom } = project
    const record: ProjectRecord = {
      id,
      name,
      plan,
      createdMs: now,
      ...(custom === undefined ? {} : { custom }),
    }
    const made = await this.#store.commit({
      expect: [{ key: keyOf.project(id), revision: 0n }],
      put: [
        toPut(keyOf.project(id), record),
        toPut(keyOf.member(id, ownerId), { role: 'owner', sinceMs: now }),
        toPut(keyOf.membership(ownerId, id), now),
      ],
    })
    if (!made) throw new VectronError('CONFLICT', `There is a project "${id}" already.`)
    return this.get(id)
  }

  /** @throws VectronError FORBIDDEN: whether there is such a project is nobody's business */
  async get(id: string): Promise<Read<ProjectRecord>> {
    const found = await readRecord<ProjectRecord>(this.#store, keyOf.project(id))
    if (found === undefined) throw new VectronError('FORBIDDEN', `Project "${id}" is not yours.`)
    return found
  }

  /** Projects of a person, the oldest membership first. */
  async listOf(userId: string): Promise<(Read<ProjectRecord> & { readonly role: RoleName })[]> {
    const memberships = await listRecords<number>(this.#store, keyOf.membership(userId, ''))
    memberships.sort((a, b) => a.value - b.value)
    const found = await Promise.all(
      memberships.map(async ({ key }) => {
        const id = lastPart(key)
        const [project, member] = await Promise.all([
          readRecord<ProjectRecord>(this.#store, keyOf.project(id)),
          readRecord<MemberRecord>(this.#store, keyOf.member(id, userId)),
        ])
        return project && member ? [{ ...project, role: member.value.role }] : []
      }),
    )
    return found.flat()
  }

  async change(id: string, change: ProjectChange): Promise<Read<ProjectRecord>> {
    for (;;) {
      const { key, value, revision } = await this.get(id)
      const changed: ProjectRecord = {
        ...value,
        ...change,
        name: change.name === undefined ? value.name : parseName(change.name),
      }
      const put = [toPut(key, changed)]
      if (await this.#store.commit({ expect: [{ key, revision }], put })) return this.get(id)
    }
  }

  /** Ends a project with its members, keys and usage. Its collections are the caller's to check. */
  async remove(id: string): Promise<void> {
    const { key, revision } = await this.get(id)
    const [members, keys, usage] = await Promise.all([
      listRecords<MemberRecord>(this.#store, keyOf.member(id, '')),
      listRecords<number>(this.#store, keyOf.projectKey(id, '')),
      listRecords<UsageRecord>(this.#store, keyOf.usage(id, '')),
    ])
    const gone = await this.#store.commit({ expect: [{ key, revision }], remove: [key] })
    if (!gone) throw new VectronError('CONFLICT', 'The project was changed meanwhile.')
    // Without the project none of these counts; what a crash leaves is only in the way.
    const remove = [
      ...members.flatMap(({ key: member }) => [member, keyOf.membership(lastPart(member), id)]),
      ...keys.flatMap(({ key: entry }) => [entry, keyOf.apiKey(lastPart(entry))]),
      ...usage.map(({ key: entry }) => entry),
    ]
    for (let at = 0; at < remove.length; at += COMMIT_KEYS_MAX) {
      await this.#store.commit({ remove: remove.slice(at, at + COMMIT_KEYS_MAX) })
    }
  }

  async members(id: string): Promise<ListedMember[]> {
    const members = await listRecords<MemberRecord>(this.#store, keyOf.member(id, ''))
    const listed = await Promise.all(
      members.map(async ({ key, value: { role } }) => {
        const user = await readRecord<UserRecord>(this.#store, keyOf.user(lastPart(key)))
        return user === undefined ? [] : [{ user: user.value, role }]
      }),
    )
    return listed.flat()
  }

  /** Adds a member, or changes the role of one. @throws VectronError CONFLICT */
  async setMember(id: string, userId: string, role: RoleName): Promise<void> {
    const members = await this.#readMembers(id)
    const known = members.find(({ key }) => lastPart(key) === userId)
    if (known === undefined && members.length >= MEMBERS_MAX) {
      throw new VectronError('CONFLICT', `A project has at most ${MEMBERS_MAX} members.`)
    }
    checkOwnerRemains(members, userId, role)
    const now = this.#clock.nowMs()
    const made = await this.#store.commit({
      expect: [
        { key: keyOf.member(id, userId), revision: known?.revision ?? 0n },
        ...expectOwners(members, userId),
      ],
      put: [
        toPut(keyOf.member(id, userId), { role, sinceMs: known?.value.sinceMs ?? now }),
        toPut(keyOf.membership(userId, id), known?.value.sinceMs ?? now),
      ],
    })
    if (!made) throw new VectronError('CONFLICT', 'The members were changed meanwhile.')
  }

  /** @throws VectronError CONFLICT for the last owner */
  async removeMember(id: string, userId: string): Promise<void> {
    const members = await this.#readMembers(id)
    checkOwnerRemains(members, userId, undefined)
    const gone = await this.#store.commit({
      expect: expectOwners(members, userId),
      remove: [keyOf.member(id, userId), keyOf.membership(userId, id)],
    })
    if (!gone) throw new VectronError('CONFLICT', 'The members were changed meanwhile.')
  }

  /**
   * Leaves every project; those that the person has alone end.
   *
   * @throws VectronError CONFLICT while one of them would be left without an owner
   */
  async leaveAll(userId: string): Promise<void> {
    const projects = await this.listOf(userId)
    const shared: string[] = []
    const alone: string[] = []
    for (const { value } of projects) {
      const members = await this.#readMembers(value.id)
      if (members.length === 1) alone.push(value.id)
      else {
        checkOwnerRemains(members, userId, undefined)
        shared.push(value.id)
      }
    }
    for (const id of shared) await this.removeMember(id, userId)
    for (const id of alone) await this.remove(id)
  }

  #readMembers(id: string): Promise<Read<MemberRecord>[]> {
    return listRecords<MemberRecord>(this.#store, keyOf.member(id, ''))
  }
}

/** Keys of one commit; etcd takes 128 operations in a transaction. */
const COMMIT_KEYS_MAX = 100

/** Keys of a project that were made and not ended. */
export function isInForce({ revokedMs, expiresMs }: KeyRecord, nowMs: number): boolean {
  return revokedMs === undefined && (expiresMs === undefined || expiresMs > nowMs)
}

function checkOwnerRemains(
  members: readonly Read<MemberRecord>[],
  userId: string,
  role: RoleName | undefined,
): void {
  if (role === 'owner') return
  const others = members.filter(
    ({ key, value }) => value.role === 'owner' && lastPart(key) !== userId,
  )
  if (others.length > 0) return
  if (!members.some(({ key }) => lastPart(key) === userId)) return
  throw new VectronError('CONFLICT', 'A project needs an owner: make somebody else owner first.')
}

/** Somebody else must still be the owner when the change is made. */
function expectOwners(members: readonly Read<MemberRecord>[], userId: string) {
  const other = members.find(({ key, value }) => value.role === 'owner' && lastPart(key) !== userId)
  return other === undefined ? [] : [{ key: other.key, revision: other.revision }]
}

function parseName(text: string): string {
  const name = text.trim()
  if (name.length >= 1 && name.length <= NAME_CHARS_MAX) return name
  throw new VectronError(
    'INVALID_ARGUMENT',
    `A name has 1 to ${NAME_CHARS_MAX} characters; this has ${name.length}.`,
    { field: 'name' },
  )
}
