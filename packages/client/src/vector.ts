/**
 * Vectors on the wire: base64 of little-endian f32, 5.4 characters a component where decimal digits
 * take about 10, and no parsing of numbers at either end.
 */

/** What the SDK takes for a vector; other numbers than f32 are rounded to it. */
export type VectorInput = Float32Array | readonly number[]

const BYTES_PER_CALL = 0x8000

/** base64 of the components as little-endian f32. */
export function encodeVector(vector: VectorInput): string {
  const view = new DataView(new ArrayBuffer(4 * vector.length))
  for (let index = 0; index < vector.length; index += 1) {
    view.setFloat32(4 * index, vector[index] ?? Number.NaN, true)
  }
  return toBase64(new Uint8Array(view.buffer))
}

/** A vector of an answer, which comes as base64 or as an array of numbers. */
export function decodeVector(value: string | readonly number[]): Float32Array {
  if (typeof value !== 'string') return Float32Array.from(value)
  const characters = atob(value)
  const bytes = Uint8Array.from(characters, (character) => character.charCodeAt(0))
  const view = new DataView(bytes.buffer)
  return Float32Array.from({ length: bytes.length / 4 }, (_, index) =>
    view.getFloat32(4 * index, true),
  )
}

/** `btoa` takes a string of bytes; long arguments lists overflow the stack, hence the pieces. */
function toBase64(bytes: Uint8Array): string {
  let characters = ''
  for (let start = 0; start < bytes.length; start += BYTES_PER_CALL) {
    characters += String.fromCharCode(...bytes.subarray(start, start + BYTES_PER_CALL))
  }
  return btoa(characters)
}
