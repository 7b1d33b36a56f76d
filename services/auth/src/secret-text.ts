/**
 * Random ids and secrets in base62, and the one way to keep a secret: its SHA-256.
 *
 * A fast hash is right for these secrets: they have 256 random bits, so there is nothing to guess
 * that a slow hash would protect.
 */

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { toBase64Url } from '@vectron/base'

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
export const ID_CHARS = 12
const ID_BYTES = 9
const SECRET_BYTES = 32
/** ceil(256 / log2(62)) */
export const SECRET_CHARS = 43

export const ID_PATTERN = `[0-9A-Za-z]{${ID_CHARS}}`
export const SECRET_PATTERN = `[0-9A-Za-z]{${SECRET_CHARS}}`

/** 12 characters, 71 bits: unique for as long as anybody counts. */
export function createId(): string {
  return base62(randomBytes(ID_BYTES), ID_CHARS)
}

export function createSecret(): string {
  return base62(randomBytes(SECRET_BYTES), SECRET_CHARS)
}

export function hashSecret(secret: string): string {
  return toBase64Url(createHash('sha256').update(secret, 'utf8').digest())
}

/** Compares in a time that tells nothing of where they differ. */
export function isSecretOf(secret: string, hash: string): boolean {
  const own = Buffer.from(hashSecret(secret))
  const kept = Buffer.from(hash)
  return own.length === kept.length && timingSafeEqual(own, kept)
}

/** The bytes as one big-endian number in base 62, padded on the left to `chars`. */
export function base62(bytes: Uint8Array, chars: number): string {
  let number = 0n
  for (const byte of bytes) number = (number << 8n) | BigInt(byte)
  let text = ''
  while (text.length < chars) {
    text = ALPHABET.charAt(Number(number % 62n)) + text
    number /= 62n
  }
  return text
}
