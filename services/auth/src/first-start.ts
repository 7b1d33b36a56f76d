/**
 * What a cluster without any account gets: its owner, the owner's project and, from an older
 * release, the keys that were made when keys were all there was.
 */

import type { DatabaseSync } from 'node:sqlite'
import { isVectronError, toBase64Url } from '@vectron/base'
import { DEFAULT_PROJECT } from '@vectron/contracts'
import type { Accounts } from './accounts.ts'
import { UNLIMITED } from './plans.ts'
import type { Projects } from './projects.ts'
import { type KeyRecord, keyOf, listRecords, readRecord, type UserRecord } from './records.ts'
import type { CredentialStore } from './store/credential-store.ts'

export interface FirstStart {
  readonly store: CredentialStore
  readonly accounts: Accounts
  readonly projects: Projects
}

/** The owner of the cluster; made, with the default project, when there is nobody yet. */
export async function ensureOwner({ store, accounts, projects }: FirstStart): Promise<UserRecord> {
  const owner = (await findOwner(store)) ?? (await accounts.createOwner())
  if (owner === undefined) return ensureOwner({ store, accounts, projects })
  const known = await readRecord<unknown>(store, keyOf.project(DEFAULT_PROJECT))
  if (known === undefined) {
    const project = {
      id: DEFAULT_PROJECT,
      name: 'Default',
      plan: 'custom',
      custom: UNLIMITED,
    } as const
    await projects.create(project, owner.id).catch((error: unknown) => {
      // Another instance made it in the same moment.
      if (!isVectronError(error, 'CONFLICT')) throw error
    })
  }
  return owner
}

async function findOwner(store: CredentialStore): Promise<UserRecord | undefined> {
  const users = await listRecords<UserRecord>(store, keyOf.user(''))
  return users.find(({ value }) => value.clusterOperator)?.value
}

/** Keys of a release that knew no projects: they belong to the default one and do everything. */
export function readKeysOfOldRelease(db: DatabaseSync): KeyRecord[] {
  const has = db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'api_keys'").get()
  if (has === undefined) return []
  const rows = db
    .prepare('SELECT id, name, secret_hash, created_ms, revoked_ms FROM api_keys')
    .all()
  return rows.map((row) => ({
    id: String(row['id']),
    projectId: DEFAULT_PROJECT,
    name: String(row['name']),
    environment: 'dev',
    role: 'owner',
    scopes: [],
    rowRule: '',
    secretHashes: [toBase64Url(row['secret_hash'] as Uint8Array)],
    createdMs: Number(row['created_ms']),
    createdBy: '',
    clusterOperator: true,
    ...(row['revoked_ms'] === null ? {} : { revokedMs: Number(row['revoked_ms']) }),
  }))
}
