/**
 * The credential store of one machine: one SQLite file, readable by its owner alone.
 *
 * One process has the file open, so its watchers are told by the commits themselves. Keys with a
 * time to live are hidden once it is over, and swept with later commits.
 */

import { chmodSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Clock, VectronError } from '@vectron/base'
import type {
  CredentialStore,
  Revision,
  StoreCommit,
  StoredRecord,
  StoreEvent,
} from './credential-store.ts'
import { StoreWatchers } from './store-watchers.ts'

const SCHEMA_VERSION = 2
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS records (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    revision INTEGER NOT NULL,
    expires_ms INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS records_by_expiry ON records (expires_ms) WHERE expires_ms IS NOT NULL;
  CREATE TABLE IF NOT EXISTS store_revision (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    revision INTEGER NOT NULL
  ) STRICT;
  INSERT OR IGNORE INTO store_revision VALUES (1, 0);
  PRAGMA user_version = ${SCHEMA_VERSION};
`
const SECOND_MS = 1000

/**
 * Opens the store, and makes it when it is not there.
 *
 * @throws VectronError INCOMPATIBLE_DATA, DATA_CORRUPT
 */
export function openSqliteStore(file: string, clock: Clock): CredentialStore {
  mkdirSync(dirname(file), { recursive: true })
  const db = new DatabaseSync(file)
  chmodSync(file, 0o600)
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;')
  checkSchema(db, file)
  return new SqliteStore(db, clock)
}

class SqliteStore implements CredentialStore {
  readonly #db: DatabaseSync
  readonly #clock: Clock
  readonly #watchers: StoreWatchers
  readonly #statements: Statements

  constructor(db: DatabaseSync, clock: Clock) {
    this.#db = db
    this.#clock = clock
    this.#watchers = new StoreWatchers(clock)
    this.#statements = prepareStatements(db)
  }

  get(key: string): Promise<StoredRecord | undefined> {
    const row = this.#statements.get.get(key, this.#clock.nowMs())
    return Promise.resolve(row === undefined ? undefined : toRecord(row))
  }

  list(prefix: string): Promise<StoredRecord[]> {
    const rows = this.#statements.list.all(prefix, prefix.length, prefix, this.#clock.nowMs())
    return Promise.resolve(rows.map(toRecord))
  }

  commit(change: StoreCommit): Promise<boolean> {
    const events: StoreEvent[] = []
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      this.#sweep(events)
      if (!this.#holds(change)) {
        this.#db.exec('COMMIT')
        this.#watchers.announce(events)
        return Promise.resolve(false)
      }
      const revision = this.#nextRevision()
      for (const key of change.remove ?? []) {
        if (this.#statements.remove.run(key).changes > 0) events.push({ kind: 'removed', key })
      }
      for (const { key, value, ttlMs } of change.put ?? []) {
        const expiresMs = ttlMs === undefined ? null : this.#expiry(ttlMs)
        this.#statements.put.run(key, value, revision, expiresMs)
        events.push({ kind: 'put', record: { key, value, revision } })
      }
      this.#db.exec('COMMIT')
    } catch (error) {
      this.#db.exec('ROLLBACK')
      throw error
    }
    this.#watchers.announce(events)
    return Promise.resolve(true)
  }

  watch(prefix: string, signal: AbortSignal): AsyncIterable<StoreEvent> {
    return this.#watchers.watch(prefix, signal)
  }

  close(): void {
    this.#watchers.close()
    this.#db.close()
  }

  #holds({ expect = [] }: StoreCommit): boolean {
    const now = this.#clock.nowMs()
    return expect.every(({ key, revision }) => {
      const row = this.#statements.get.get(key, now)
      return (row === undefined ? 0n : BigInt(Number(row['revision']))) === revision
    })
  }

  /** Keys whose time is over leave the file, and watchers hear of it. */
  #sweep(events: StoreEvent[]): void {
    for (const row of this.#statements.expired.all(this.#clock.nowMs())) {
      const key = String(row['key'])
      this.#statements.remove.run(key)
      events.push({ kind: 'removed', key })
    }
  }

  #nextRevision(): Revision {
    const row = this.#statements.nextRevision.get()
    return BigInt(Number(row?.['revision']))
  }

  #expiry(ttlMs: number): number {
    return this.#clock.nowMs() + Math.ceil(ttlMs / SECOND_MS) * SECOND_MS
  }
}

type Statements = ReturnType<typeof prepareStatements>

function prepareStatements(db: DatabaseSync) {
  const live = '(expires_ms IS NULL OR expires_ms > ?)'
  return {
    get: db.prepare(`SELECT key, value, revision FROM records WHERE key = ? AND ${live}`),
    list: db.prepare(
      `SELECT key, value, revision FROM records
       WHERE key >= ? AND substr(key, 1, ?) = ? AND ${live} ORDER BY key`,
    ),
    put: db.prepare('INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?)'),
    remove: db.prepare('DELETE FROM records WHERE key = ?'),
    expired: db.prepare('SELECT key FROM records WHERE expires_ms <= ?'),
    nextRevision: db.prepare(
      'UPDATE store_revision SET revision = revision + 1 RETURNING revision',
    ),
  }
}

function toRecord(row: Record<string, unknown>): StoredRecord {
  return {
    key: String(row['key']),
    value: String(row['value']),
    revision: BigInt(Number(row['revision'])),
  }
}

/** An empty file, and one that held API keys alone, get our schema; any other must have it. */
function checkSchema(db: DatabaseSync, file: string): void {
  const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version'])
  if (version < SCHEMA_VERSION) {
    db.exec(`BEGIN; ${SCHEMA} COMMIT;`)
    return
  }
  if (version === SCHEMA_VERSION) return
  throw new VectronError(
    'INCOMPATIBLE_DATA',
    `${file} has schema ${version}; this release reads ${SCHEMA_VERSION}`,
    { subject: file },
  )
}
