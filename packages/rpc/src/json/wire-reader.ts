/**
 * Reads protobuf fields from bytes that this process encoded. Damage here is a bug of ours, so it
 * fails an assertion.
 */
import { assert } from '@vectron/base'
import { WIRE } from './byte-writer.ts'

export class WireReader {
  readonly bytes: Buffer
  readonly #view: DataView
  at = 0

  constructor(bytes: Buffer) {
    this.bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** A varint below 2^53: tags, lengths, enums, counts. */
  varint(): number {
    let value = 0
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.bytes[this.at++]
      assert(byte !== undefined && scale <= 2 ** 63, 'a varint ends')
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
  }

  /** A varint of up to 64 bits, exact. */
  varint64(): bigint {
    const start = this.at
    const value = this.varint()
    if (value <= Number.MAX_SAFE_INTEGER) return BigInt(value)
    this.at = start
    let exact = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.bytes[this.at++] as number
      exact |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asUintN(64, exact)
    }
  }

  fixed32(): number {
    this.at += 4
    return this.#view.getUint32(this.at - 4, true)
  }

  fixed64(): bigint {
    this.at += 8
    return this.#view.getBigUint64(this.at - 8, true)
  }

  float32(): number {
    this.at += 4
    return this.#view.getFloat32(this.at - 4, true)
  }

  float64(): number {
    this.at += 8
    return this.#view.getFloat64(this.at - 8, true)
  }

  /** Passes over a value. */
  skip(wireType: number): void {
    switch (wireType) {
      case WIRE.varint:
        while ((this.bytes[this.at++] as number) > 0x7f);
        return
      case WIRE.fixed64:
        this.at += 8
        return
      case WIRE.fixed32:
        this.at += 4
        return
      default: {
        assert(wireType === WIRE.delimited, 'messages here have no groups')
        const length = this.varint()
        this.at += length
        return
      }
    }
  }
}
