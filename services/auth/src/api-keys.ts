/**
 * API keys of projects: made, listed, rotated and revoked.
 *
 * A key is shown once and revoked for ever: its record stays, so that its id is not given out again
 * and an audit can tell when it ended. While it is rotated two secrets count.
 */

import { type Clock, VectronError } from '@vectron/base'
import { createKeyText, type KeyEnvironment } from './api-key.ts'
import { isInForce } from './projects.ts'
import {
  type KeyRecord,
  keyOf,
  lastPart,
  listRecords,
  type Read,
  ROLES,
  type RoleName,
  readRecord,
  type ScopeRecord,
  toPut,
} from './records.ts'
import { hashSecret } from './secret-text.ts'
import type { CredentialStore } from './store/credential-store.ts'

const NAME_CHARS_MAX = 128
/** Keys in force of one project. */
const KEYS_MAX = 1000
const SCOPES_MAX = 64
const SECRETS_MAX = 2
const SCOPE_COLLECTION = /^[a-z0-9_-]{0,128}\*?$/

export interface NewApiKey {
  readonly projectId: string
  /** 1 to 128 characters. */
  readonly name: string
  readonly environment: KeyEnvironment
  readonly role: RoleName
  readonly scopes: readonly ScopeRecord[]
  /** A filter as JSON text, already parsed by the caller; empty for none. */
  readonly rowRule: string
  readonly expiresMs?: number
  /** Who makes it: a user or key id. */
  readonly createdBy: string
  readonly clusterOperator: boolean
}

export interface CreatedKey {
  readonly key: KeyRecord
  /** The key itself. This is the only time it is seen. */
  readonly text: string
}

export interface ListedKey {
  readonly key: KeyRecord
  /** Absent while it was never used. */
  readonly lastUsedMs: number | undefined
}

export class ApiKeys {
  readonly #store: CredentialStore
  readonly #clock: Clock

  constructor(store: CredentialStore, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** @throws VectronError INVALID_ARGUMENT, CONFLICT */
  async create(wanted: NewApiKey): Promise<CreatedKey> {
    const now = this.#clock.nowMs()
    checkNewKey(wanted, now)
    const keys = await this.#keysOf(wanted.projectId)
    if (keys.filter((key) => isInForce(key, now)).length >= KEYS_MAX) {
      throw new VectronError('CONFLICT', `A project has at most ${KEYS_MAX} keys in force.`)
    }
    const { text, id, secret } = createKeyText(wanted.environment)
    const key: KeyRecord = {
      ...wanted,
      id,
      name: wanted.name.trim(),
      secretHashes: [hashSecret(secret)],
      createdMs: now,
    }
    await this.#store.commit({
      expect: [{ key: keyOf.apiKey(id), revision: 0n }],
      put: [toPut(keyOf.apiKey(id), key), toPut(keyOf.projectKey(key.projectId, id), now)],
    })
    return { key, text }
  }

  /** Every key that was ever made, oldest first. */
  async list(projectId: string): Promise<ListedKey[]> {
    const listed = (await this.#keysOf(projectId)).map(async (key) => {
      const use = await readRecord<number>(this.#store, keyOf.keyUse(key.id))
      return { key, lastUsedMs: use?.value }
    })
    return (await Promise.all(listed)).sort((a, b) => a.key.createdMs - b.key.createdMs)
  }

  async #keysOf(projectId: string): Promise<KeyRecord[]> {
    const entries = await listRecords<number>(this.#store, keyOf.projectKey(projectId, ''))
    const found = await Promise.all(
      entries.map(({ key }) => readRecord<KeyRecord>(this.#store, keyOf.apiKey(lastPart(key)))),
    )
    return found.flatMap((read) => (read === undefined ? [] : [read.value]))
  }

  /** A revoked key stays revoked. @throws VectronError KEY_NOT_FOUND */
  async revoke(projectId: string, id: string): Promise<KeyRecord> {
    const now = this.#clock.nowMs()
    return this.#change(projectId, id, (key) => ({ ...key, revokedMs: key.revokedMs ?? now }))
  }

  /**
   * A second secret; both count until `finishRotation`.
   *
   * @throws VectronError CONFLICT, KEY_NOT_FOUND
   */
  async rotate(projectId: string, id: string): Promise<CreatedKey> {
    const { value } = await this.#get(projectId, id)
    const { text, secret } = createKeyText(value.environment, id)
    const now = this.#clock.nowMs()
    const key = await this.#change(projectId, id, (known) => {
      if (!isInForce(known, now)) throw new VectronError('CONFLICT', 'The key has ended.')
      if (known.secretHashes.length >= SECRETS_MAX) {
        throw new VectronError('CONFLICT', 'The key is being rotated: finish that first.')
      }
      return { ...known, secretHashes: [...known.secretHashes, hashSecret(secret)] }
    })
    return { key, text }
  }

  /** Only the newest secret counts from now on. */
  async finishRotation(projectId: string, id: string): Promise<KeyRecord> {
    return this.#change(projectId, id, (key) => ({
      ...key,
      secretHashes: key.secretHashes.slice(-1),
    }))
  }

  async #change(
    projectId: string,
    id: string,
    change: (key: KeyRecord) => KeyRecord,
  ): Promise<KeyRecord> {
    for (;;) {
      const { key, value, revision } = await this.#get(projectId, id)
      const changed = change(value)
      const put = [toPut(key, changed)]
      if (await this.#store.commit({ expect: [{ key, revision }], put })) return changed
    }
  }

  /** A key of another project is none. */
  async #get(projectId: string, id: string): Promise<Read<KeyRecord>> {
    const found = await readRecord<KeyRecord>(this.#store, keyOf.apiKey(id))
    if (found?.value.projectId === projectId) return found
    throw new VectronError('KEY_NOT_FOUND', `Project "${projectId}" has no API key ${id}.`)
  }
}

/** Whether `role` allows no more than `limit`. */
export function isWithinRole(role: RoleName, limit: RoleName): boolean {
  return ROLES.indexOf(role) <= ROLES.indexOf(limit)
}

function checkNewKey({ name, scopes, expiresMs }: NewApiKey, nowMs: number): void {
  const { length } = name.trim()
  if (length < 1 || length > NAME_CHARS_MAX) {
    throw new VectronError(
      'INVALID_ARGUMENT',
      `A key's name has 1 to ${NAME_CHARS_MAX} characters; this has ${length}.`,
      { field: 'name' },
    )
  }
  if (scopes.length > SCOPES_MAX) {
    throw new VectronError('INVALID_ARGUMENT', `A key has at most ${SCOPES_MAX} scopes.`, {
      field: 'scopes',
    })
  }
  for (const [index, { collection, verbs }] of scopes.entries()) {
    if (collection === '' || !SCOPE_COLLECTION.test(collection)) {
      throw new VectronError(
        'INVALID_ARGUMENT',
        `"${collection}" is no pattern: a collection's name, with "*" at its end for any rest.`,
        { field: `scopes[${index}].collection` },
      )
    }
    if (verbs.length > 0) continue
    throw new VectronError('INVALID_ARGUMENT', 'A scope names at least one verb.', {
      field: `scopes[${index}].verbs`,
    })
  }
  if (expiresMs !== undefined && expiresMs <= nowMs) {
    throw new VectronError('INVALID_ARGUMENT', 'The key would have expired already.', {
      field: 'expireTime',
    })
  }
}
