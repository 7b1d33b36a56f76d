/**
 * MessageBuffer: writes protobuf fields into one buffer of a size that is known beforehand.
 *
 * For the messages of the hot paths: the size is counted first, so there is one allocation (from
 * Node's pool when small) and each byte is copied once. Field numbers are below 16, so a tag is one
 * byte. Other messages are encoded by the generated code.
 */

import { assert } from '@vectron/base'

// Wire types of protobuf.
const VARINT = 0
const LENGTH_DELIMITED = 2
const FIXED32 = 5

const TAG_BYTES = 1
export const BOOL_FIELD_BYTES = TAG_BYTES + 1
export const FLOAT_FIELD_BYTES = TAG_BYTES + 4

/** Bytes of a length-delimited field with content of this size. */
export function sizeOfField(contentSize: number): number {
  return TAG_BYTES + sizeOfVarint(contentSize) + contentSize
}

/** Bytes of a string field. */
export function sizeOfString(text: string): number {
  return sizeOfField(Buffer.byteLength(text))
}

/** Bytes of an unsigned integer field; at most 2^53. */
export function sizeOfUint(value: number): number {
  return TAG_BYTES + sizeOfVarint(value)
}

function sizeOfVarint(value: number): number {
  let size = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++
  return size
}

export class MessageBuffer {
  readonly #buffer: Buffer
  #at = 0

  constructor(size: number) {
    this.#buffer = Buffer.allocUnsafe(size)
  }

  /** Begins a nested message of this size; its fields follow. */
  message(field: number, size: number): void {
    this.#tag(field, LENGTH_DELIMITED)
    this.#varint(size)
  }

  bytes(field: number, content: Uint8Array): void {
    this.message(field, content.length)
    this.#buffer.set(content, this.#at)
    this.#at += content.length
  }

  string(field: number, text: string): void {
    const size = Buffer.byteLength(text)
    this.message(field, size)
    this.#at += this.#buffer.write(text, this.#at, size, 'utf8')
  }

  uint(field: number, value: number): void {
    this.#tag(field, VARINT)
    this.#varint(value)
  }

  /** Writes a bool that is true; one that is false is left out. */
  flag(field: number): void {
    this.uint(field, 1)
  }

  float(field: number, value: number): void {
    this.#tag(field, FIXED32)
    this.#at = this.#buffer.writeFloatLE(value, this.#at)
  }

  /** The message, when as much was written as was counted. */
  finish(): Buffer {
    assert(this.#at === this.#buffer.length, 'the sizes counted are the sizes written')
    return this.#buffer
  }

  #tag(field: number, wireType: number): void {
    this.#buffer[this.#at++] = (field << 3) | wireType
  }

  #varint(value: number): void {
    let rest = value
    while (rest >= 0x80) {
      this.#buffer[this.#at++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#buffer[this.#at++] = rest
  }
}

/** The numbers of a message's fields, from the proto itself; all below 16. */
export function fieldNumbers<
  S extends { readonly field: Record<string, { readonly number: number }> },
>(schema: S): { readonly [K in keyof S['field']]: number } {
  const entries = Object.entries(schema.field).map(([name, { number }]) => {
    assert(number < 16, `the number of ${name} fits a tag of one byte`)
    return [name, number]
  })
  return Object.fromEntries(entries)
}
