/**
 * Where API keys are kept: one SQLite file that holds ids, names and hashes, never a secret.
 *
 * A key is created once, shown once and revoked for ever: its row stays, so that its id is not
 * given out again and an audit can tell when it ended.
 */

import { timingSafeEqual } from 'node:crypto'
import { chmodSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Clock, VectronError } from '@vectron/base'
import { createKeyText, hashSecret, type KeyEnvironment, parseKey } from './api-key.ts'

const SCHEMA_VERSION = 1
const SCHEMA = `
  CREATE TABLE api_keys (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    secret_hash BLOB NOT NULL,
    created_ms INTEGER NOT NULL,
    revoked_ms INTEGER
  ) STRICT;
  PRAGMA user_version = ${SCHEMA_VERSION};
`

/** Who a key belongs to. */
export interface Principal {
  readonly keyId: string
  readonly name: string
}

export interface ListedKey {
  readonly id: string
  readonly name: string
  readonly createdMs: number
  /** Absent while the key is in force. */
  readonly revokedMs?: number
}

export interface CreateKeyOptions {
  /** What people call the key; 1 to 128 characters. */
  readonly name: string
  readonly environment: KeyEnvironment
}

export interface CreatedKey {
  readonly id: string
  /** The key itself. This is the only time it is seen. */
  readonly text: string
}

export interface KeyStore {
  createKey(options: CreateKeyOptions): CreatedKey
  /** Every key that was ever made, oldest first. */
  listKeys(): ListedKey[]
  /** false when there is no key of this id. A revoked key stays revoked. */
  revokeKey(id: string): boolean
  /**
   * undefined for a key that is malformed, unknown, wrong or revoked; the caller learns no more.
   */
  validateKey(text: string): Principal | undefined
  close(): void
}

/** Opens the store, and makes it when it is not there. The file is readable by its owner alone. */
export function openKeyStore(file: string, clock: Clock): KeyStore {
  mkdirSync(dirname(file), { recursive: true })
  const db = new DatabaseSync(file)
  chmodSync(file, 0o600)
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;')
  checkSchema(db, file)

  const insert = db.prepare(
    'INSERT INTO api_keys (id, name, secret_hash, created_ms) VALUES (?, ?, ?, ?)',
  )
  const find = db.prepare('SELECT id, name, secret_hash, revoked_ms FROM api_keys WHERE id = ?')
  const list = db.prepare(
    'SELECT id, name, created_ms, revoked_ms FROM api_keys ORDER BY created_ms, id',
  )
  const revoke = db.prepare('UPDATE api_keys SET revoked_ms = coalesce(revoked_ms, ?) WHERE id = ?')

  return {
    createKey({ name, environment }) {
      const key = createKeyText(environment)
      insert.run(key.id, name, key.secretHash, clock.nowMs())
      return { id: key.id, text: key.text }
    },

    listKeys() {
      return list.all().map((row) => ({
        id: String(row['id']),
        name: String(row['name']),
        createdMs: Number(row['created_ms']),
        ...(row['revoked_ms'] === null ? {} : { revokedMs: Number(row['revoked_ms']) }),
      }))
    },

    revokeKey(id) {
      return revoke.run(clock.nowMs(), id).changes > 0
    },

    validateKey(text) {
      const key = parseKey(text)
      if (key === undefined) return undefined
      const hash = hashSecret(key.secret)
      const row = find.get(key.id)
      if (row === undefined || row['revoked_ms'] !== null) return undefined
      const stored = row['secret_hash']
      if (!(stored instanceof Uint8Array) || stored.length !== hash.length) return undefined
      if (!timingSafeEqual(stored, hash)) return undefined
      return { keyId: key.id, name: String(row['name']) }
    },

    close() {
      db.close()
    },
  }
}

/** An empty file gets our schema; any other must already have it. */
function checkSchema(db: DatabaseSync, file: string): void {
  const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version'])
  if (version === 0) {
    db.exec(`BEGIN; ${SCHEMA} COMMIT;`)
    return
  }
  if (version !== SCHEMA_VERSION) {
    throw new VectronError(
      'INCOMPATIBLE_DATA',
      `${file} has schema ${version}; this release reads ${SCHEMA_VERSION}`,
      { subject: file },
    )
  }
}
