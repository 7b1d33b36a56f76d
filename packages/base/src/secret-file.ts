/**
 * A small file that holds a secret: its owner alone may read it, from its first moment on.
 *
 * Replaced as a whole: a power cut leaves the old one or the new one. Without the sync the new name
 * could come to stand for an empty file.
 */
import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'

const OWNER_ONLY = 0o600

/** Writes the file, and the folders above it where absent; it is on stable storage then. */
export function writeSecretFile(path: string, text: string): void {
  const folder = dirname(path)
  mkdirSync(folder, { recursive: true })
  const fresh = `${path}.${process.pid}.tmp`
  writeFileSync(fresh, text, { mode: OWNER_ONLY })
  chmodSync(fresh, OWNER_ONLY)
  syncPath(fresh)
  renameSync(fresh, path)
  syncPath(folder)
}

function syncPath(path: string): void {
  const handle = openSync(path, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
