/**
 * Seals what must be kept and not be read: private signing keys, under the service's master key.
 *
 * AES-256-GCM with a fresh nonce; text form base64url of nonce, ciphertext, tag. The master key is
 * no part of the store: a file of its own, readable by its owner, or given by configuration so that
 * several instances share it.
 */

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { chmodSync, existsSync, readFileSync } from 'node:fs'
import { parseBase64Url, toBase64Url, VectronError, writeSecretFile } from '@vectron/base'

const ALGORITHM = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16
export const MASTER_KEY_BYTES = 32

export function sealSecret(masterKey: Uint8Array, secret: string): string {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(ALGORITHM, masterKey, nonce)
  const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()])
  return toBase64Url(Buffer.concat([nonce, sealed, cipher.getAuthTag()]))
}

/** @throws VectronError DATA_CORRUPT when it was sealed under another key, or was changed */
export function openSecret(masterKey: Uint8Array, sealed: string): string {
  const bytes = parseBase64Url(sealed) ?? new Uint8Array()
  try {
    const nonce = bytes.subarray(0, NONCE_BYTES)
    const decipher = createDecipheriv(ALGORITHM, masterKey, nonce)
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
    const body = bytes.subarray(NONCE_BYTES, -TAG_BYTES)
    return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8')
  } catch (cause) {
    throw new VectronError(
      'DATA_CORRUPT',
      'A signing key does not open: it was sealed under another master key. All instances need ' +
        'the same file: store.masterKeyFile.',
      { subject: 'store.masterKeyFile', cause },
    )
  }
}

/** Reads the master key of a file, which is made when absent. */
export function openMasterKey(file: string): Uint8Array {
  if (!existsSync(file)) writeSecretFile(file, toBase64Url(randomBytes(MASTER_KEY_BYTES)))
  chmodSync(file, 0o600)
  const key = parseBase64Url(readFileSync(file, 'utf8').trim())
  if (key?.length === MASTER_KEY_BYTES) return key
  throw new VectronError(
    'DATA_CORRUPT',
    `${file} does not hold a master key: ${MASTER_KEY_BYTES} bytes in base64url.`,
    { subject: file },
  )
}
