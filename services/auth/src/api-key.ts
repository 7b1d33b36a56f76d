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

import { createHash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const ID_CHARS = 12
const SECRET_BYTES = 32
/** ceil(256 / log2(62)) */
const SECRET_CHARS = 43
/** ceil(32 / log2(62)) */
const CHECKSUM_CHARS = 6
const SHAPE = new RegExp(
  `^vk_(live|dev)_([0-9A-Za-z]{${ID_CHARS}})_([0-9A-Za-z]{${SECRET_CHARS}})([0-9A-Za-z]{${CHECKSUM_CHARS}})$`,
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
  readonly secretHash: Uint8Array
}

/** Makes a key from the system's randomness. */
export function createKeyText(environment: KeyEnvironment): NewKey {
  const id = base62(randomBytes(9), ID_CHARS)
  const secret = base62(randomBytes(SECRET_BYTES), SECRET_CHARS)
  const body = `vk_${environment}_${id}_${secret}`
  return { text: body + checksumOf(body), id, secretHash: hashSecret(secret) }
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

/**
 * SHA-256 of a secret. A fast hash is right here: the secret has 256 random bits, so there is
 * nothing to guess that a slow hash would protect.
 */
export function hashSecret(secret: string): Uint8Array {
  return createHash('sha256').update(secret, 'utf8').digest()
}

function checksumOf(body: string): string {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, crc32(body))
  return base62(bytes, CHECKSUM_CHARS)
}

/** The bytes as one big-endian number in base 62, padded on the left to `chars`. */
function base62(bytes: Uint8Array, chars: number): string {
  let number = 0n
  for (const byte of bytes) number = (number << 8n) | BigInt(byte)
  let text = ''
  while (text.length < chars) {
    text = ALPHABET.charAt(Number(number % 62n)) + text
    number /= 62n
  }
  return text
}
