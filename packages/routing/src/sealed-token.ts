/**
 * Sealed tokens: opaque text that a client keeps and sends back, such as session and page tokens.
 *
 *   byte 0      version, 1
 *   bytes 1..   body
 *   last 8      HMAC-SHA-256 over version and body, cut to 8 bytes
 *
 * all in base64url. The MAC is keyed by purpose and cluster, so that a token that was damaged,
 * made up, or issued by another cluster or for another purpose is refused. It protects from
 * mistakes, not from attackers: a token grants nothing that its holder may not ask for anyway.
 */

import { createHmac } from 'node:crypto'
import { bytesEqual, concatBytes, parseBase64Url, toBase64Url } from '@vectron/base'

const VERSION = 1
const MAC_BYTES = 8

export interface TokenSeal {
  readonly clusterId: string
  /** What the token is for; a token of one purpose is refused for another. */
  readonly purpose: 'session' | 'page'
}

export function sealToken(seal: TokenSeal, body: Uint8Array): string {
  const signed = concatBytes([Uint8Array.of(VERSION), body])
  return toBase64Url(concatBytes([signed, macOf(seal, signed)]))
}

/** The body of a token that sealToken made with the same seal; undefined for anything else. */
export function openToken(seal: TokenSeal, text: string): Uint8Array | undefined {
  const bytes = parseBase64Url(text)
  if (bytes === undefined || bytes.length < 1 + MAC_BYTES || bytes[0] !== VERSION) return undefined
  const signed = bytes.subarray(0, -MAC_BYTES)
  if (!bytesEqual(bytes.subarray(-MAC_BYTES), macOf(seal, signed))) return undefined
  return signed.subarray(1)
}

function macOf(seal: TokenSeal, signed: Uint8Array): Uint8Array {
  const key = `vectron ${seal.purpose} token of ${seal.clusterId}`
  return createHmac('sha256', key).update(signed).digest().subarray(0, MAC_BYTES)
}
