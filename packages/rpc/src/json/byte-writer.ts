/**
 * A growing buffer, for protobuf fields in one direction and JSON text in the other.
 *
 * Messages are written in one pass: a nested message begins before its length is known, so its
 * content is moved when the length turns out to need more than one byte.
 */
import { assert } from '@vectron/base'

const INITIAL_BYTES = 1024

/** Wire types of protobuf. */
export const WIRE = { varint: 0, fixed64: 1, delimited: 2, fixed32: 5 } as const
export type WireType = (typeof WIRE)[keyof typeof WIRE]

export class ByteWriter {
  #bytes: Buffer
  #view: DataView
  #length = 0

  /** `capacity`: bytes that are expected. */
  constructor(capacity = INITIAL_BYTES) {
    this.#bytes = Buffer.allocUnsafe(Math.max(capacity, 64))
    this.#view = viewOf(this.#bytes)
  }

  get length(): number {
    return this.#length
  }

  /** What was written; shares memory with the writer, which must not be used after. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Forgets everything after `length`. */
  truncate(length: number): void {
    assert(length <= this.#length, 'a writer is truncated to what it has')
    this.#length = length
  }

  byte(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#length++] = value
  }

  bytes(source: Uint8Array): void {
    this.#reserve(source.length)
    this.#bytes.set(source, this.#length)
    this.#length += source.length
  }

  /** Bytes [from, to) of a source, without a view of it. */
  slice(source: Uint8Array, from: number, to: number): void {
    const count = to - from
    this.#reserve(count)
    // Short runs: a loop costs less than the view that set() needs.
    if (count < 32) {
      for (let i = 0; i < count; i++) this.#bytes[this.#length + i] = source[from + i] as number
    } else {
      this.#bytes.set(source.subarray(from, to), this.#length)
    }
    this.#length += count
  }

  /** ASCII only: one byte for each character. */
  ascii(text: string): void {
    this.#reserve(text.length)
    const bytes = this.#bytes
    let at = this.#length
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i)
    this.#length = at
  }

  utf8(text: string): void {
    this.#reserve(text.length * 3)
    this.#length += this.#bytes.write(text, this.#length, 'utf8')
  }

  /** Decodes base64 (either alphabet, padding optional); false when the text is not base64. */
  base64(text: string): boolean {
    const digits = text.endsWith('==')
      ? text.length - 2
      : text.length - (text.endsWith('=') ? 1 : 0)
    if (digits % 4 === 1) return false
    const expected = Math.floor((digits * 3) / 4)
    this.#reserve(expected + 3)
    // Node skips what is not base64, so anything skipped shows in the length.
    const written = this.#bytes.write(text, this.#length, 'base64')
    if (written !== expected) return false
    this.#length += written
    return true
  }

  tag(field: number, wireType: WireType): void {
    this.varint32(field * 8 + wireType)
  }

  /** An unsigned integer below 2^53. */
  varint32(value: number): void {
    this.#reserve(10)
    let rest = value
    while (rest > 0x7f) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#bytes[this.#length++] = rest
  }

  /** The low 64 bits of an integer, as protobuf writes int32, int64 and uint64. */
  varint64(value: bigint): void {
    this.#reserve(10)
    let rest = BigInt.asUintN(64, value)
    while (rest > 0x7fn) {
      this.#bytes[this.#length++] = Number(rest & 0x7fn) | 0x80
      rest >>= 7n
    }
    this.#bytes[this.#length++] = Number(rest)
  }

  fixed32(value: number): void {
    this.#reserve(4)
    this.#view.setUint32(this.#length, value, true)
    this.#length += 4
  }

  fixed64(value: bigint): void {
    this.#reserve(8)
    this.#view.setBigUint64(this.#length, BigInt.asUintN(64, value), true)
    this.#length += 8
  }

  float32(value: number): void {
    this.#reserve(4)
    this.#view.setFloat32(this.#length, value, true)
    this.#length += 4
  }

  float64(value: number): void {
    this.#reserve(8)
    this.#view.setFloat64(this.#length, value, true)
    this.#length += 8
  }

  /** Begins a length-delimited value; hand the answer to endDelimited(). */
  beginDelimited(): number {
    this.byte(0)
    return this.#length
  }

  /** Writes the length of what follows `begin` in front of it. */
  endDelimited(begin: number): void {
    const length = this.#length - begin
    const extra = varintBytes(length) - 1
    if (extra > 0) {
      this.#reserve(extra)
      this.#bytes.copyWithin(begin + extra, begin, this.#length)
    }
    this.#length = begin - 1
    this.varint32(length)
    this.#length += length
  }

  #reserve(count: number): void {
    const needed = this.#length + count
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2))
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
    this.#view = viewOf(larger)
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function varintBytes(value: number): number {
  let count = 1
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 0x80)) count++
  return count
}
