/**
 * The text form of an API key: `vk_<env>_<id>_<secret><checksum>`.
 *
 *   env       "live" or "dev": where the key is meant to be used
 *   id        12 base62 characters; names the key in lists, logs and the store
 *   secret    43 base62 characters: 256 random bits
 *   checksum  6 base62 characters: CRC-32 of everything before it
 *
 * The checksum refuses a typo or a cut-off paste without a look at the store, and lets scanners of
 * leaked secrets recognise a key. It protects nothing: the secret does.
 */

import { crc32 } from 'node:zlib'
import { base62, createId, createSecret, ID_PATTERN, SECRET_PATTERN } from './secret-text.ts'

/** ceil(32 / log2(62)) */
const CHECKSUM_CHARS = 6
const SHAPE = new RegExp(
  `^vk_(live|dev)_(${ID_PATTERN})_(${SECRET_PATTERN})([0-9A-Za-z]{${CHECKSUM_CHARS}})$`,
)

export type KeyEnvironment = 'live' | 'dev'

/** A key whose form and checksum are right; whether it exists is the store's to say. */
export interface ParsedKey {
  readonly environment: KeyEnvironment
  readonly id: string
  readonly secret: string
}

export interface NewKey {
  /** What the owner keeps. It is never stored and cannot be shown again. */
  readonly text: string
  readonly id: string
  readonly secret: string
}

/** Makes a key from the system's randomness; `id` names one that gets a further secret. */
export function createKeyText(environment: KeyEnvironment, id = createId()): NewKey {
  const secret = createSecret()
  const body = `vk_${environment}_${id}_${secret}`
  return { text: body + checksumOf(body), id, secret }
}

/** Takes what a caller sent; undefined when it cannot be a key. */
export function parseKey(text: string): ParsedKey | undefined {
  const match = SHAPE.exec(text)
  if (match === null) return undefined
  const [, environment, id, secret, checksum] = match
  if (id === undefined || secret === undefined || checksum === undefined) return undefined
  if (checksumOf(text.slice(0, -CHECKSUM_CHARS)) !== checksum) return undefined
  return { environment: environment === 'live' ? 'live' : 'dev', id, secret }
}

function checksumOf(body: string): string {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, crc32(body))
  return base62(bytes, CHECKSUM_CHARS)
}
