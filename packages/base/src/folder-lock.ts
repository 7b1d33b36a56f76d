/**
 * A lock on a data folder: of all processes of a machine, one at a time has it open.
 *
 * The lock is the operating system's, taken through SQLite on a file of its own, so that it ends
 * with the process however the process ends: there is no stale lock to remove by hand.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { VectronError } from './errors.ts'

const LOCK_FILE = 'lock.db'

export interface FolderLock {
  readonly folder: string
  release(): void
}

/**
 * Locks a folder, which is made when absent.
 *
 * @throws VectronError DATA_IN_USE when another process, or this one, has it locked.
 */
export function lockFolder(folder: string): FolderLock {
  mkdirSync(folder, { recursive: true })
  const file = join(folder, LOCK_FILE)
  const db = new DatabaseSync(file)
  try {
    // Nothing is ever written: the exclusive lock of the open transaction is all that is wanted.
    db.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (cause) {
    db.close()
    throw new VectronError(
      'DATA_IN_USE',
      `The data folder ${folder} is open in another Vectron process.`,
      { subject: folder, cause },
    )
  }
  return { folder, release: () => db.close() }
}
