/**
 * Bytes: little-endian integers, concatenation, hexadecimal and base64 text.
 */

/** All parts in one new array. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const whole = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** Whether both hold the same bytes. Not for secrets: it stops at the first difference. */
export function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

/** Eight bytes, little-endian. */
export function u64ToBytes(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8)
  viewOf(bytes).setBigUint64(0, value, true)
  return bytes
}

/** Reads eight little-endian bytes; throws RangeError when fewer are left. */
export function u64FromBytes(bytes: Uint8Array, offset = 0): bigint {
  return viewOf(bytes).getBigUint64(offset, true)
}

/** A DataView on exactly these bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('hex')
}

/** An unsigned 64-bit integer as 16 hexadecimal digits. */
export function u64ToHex(value: bigint): string {
  return value.toString(16).padStart(16, '0')
}

/** base64url without padding (RFC 4648, section 5): safe in URLs and headers. */
export function toBase64Url(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('base64url')
}

/** The bytes of base64url text; undefined when the text is none. */
export function parseBase64Url(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) return undefined
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}

/** The numbers as little-endian f32 bytes, sharing no memory with the input. */
export function f32ToBytes(values: Float32Array | readonly number[]): Uint8Array {
  const floats = Float32Array.from(values)
  return new Uint8Array(floats.buffer)
}

/** Little-endian f32 bytes as numbers; copies when the bytes are not aligned to four. */
export function f32FromBytes(bytes: Uint8Array): Float32Array {
  if (bytes.byteOffset % 4 === 0) {
    return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2)
  }
  // Not slice(): that of a Buffer does not copy.
  return new Float32Array(new Uint8Array(bytes).buffer)
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
