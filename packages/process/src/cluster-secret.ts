/**
 * The secret by which processes of one machine know each other: a file that its owner alone may
 * read, made by whoever needs it first.
 */
import { randomBytes } from 'node:crypto'
import { chmodSync, linkSync, readFileSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { toBase64Url, VectronError, writeSecretFile } from '@vectron/base'

const SECRET_BYTES = 32
const SECRET = /^[\w-]{43,}$/

/** @throws VectronError INVALID_ARGUMENT when the file cannot be used */
export function openClusterSecret(file: string): string {
  const path = resolve(file)
  const secret = read(path) ?? make(path)
  if (SECRET.test(secret)) return secret
  throw new VectronError(
    'INVALID_ARGUMENT',
    `${path} holds no secret: 43 or more of A-Z, a-z, 0-9, "-" and "_". Remove the file; a new ` +
      'one is made at the next start.',
    { field: 'trust.secretFile' },
  )
}

function read(path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8').trim()
    chmodSync(path, 0o600)
    return text
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new VectronError('INVALID_ARGUMENT', `${path} cannot be read: ${cause}`, {
      field: 'trust.secretFile',
      cause,
    })
  }
}

/** Processes start at once: the first one's file is the secret of all. */
function make(path: string): string {
  const draft = `${path}.${process.pid}`
  writeSecretFile(draft, `${toBase64Url(randomBytes(SECRET_BYTES))}\n`)
  try {
    linkSync(draft, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(draft, { force: true })
  }
  return readFileSync(path, 'utf8').trim()
}
