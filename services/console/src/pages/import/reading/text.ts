/** Bytes as text: all of it or nothing, and the beginning of it for people. */

const STRICT = new TextDecoder('utf-8', { fatal: true })
const LOOSE = new TextDecoder()
const EXCERPT_BYTES = 120

/** Undefined where it is not UTF-8. */
export function strictUtf8(bytes: Uint8Array): string | undefined {
  try {
    return STRICT.decode(bytes)
  } catch {
    return undefined
  }
}

export function excerptOf(bytes: Uint8Array): string {
  const text = LOOSE.decode(bytes.subarray(0, EXCERPT_BYTES))
  return bytes.length > EXCERPT_BYTES ? `${text}…` : text
}
