/**
 * Messages drawn at random from a descriptor: valid protobuf, with values at the ends of what their
 * types hold, with names that exist among them.
 *
 * Written field by field on the wire, so that a field may also come twice, or in the other packing.
 */
import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import type { Random } from '@vectron/base'

const DEPTH_MAX = 5
const LIST_MAX = 4

const DOUBLES = [0, -0, 1, -1, 0.5, 1e308, -1e308, 5e-324, Infinity, -Infinity, NaN, 2 ** 53]
const INTEGERS = [0n, 1n, 2n, 7n, 100n, 10_000n, 2n ** 31n - 1n, 2n ** 32n - 1n, 2n ** 63n - 1n]
const TEXTS = ['', 'p0', 'p1', '*', 'kind', 'size', '{}', '{"a":[[[]]]}', '../..', '\u0000', '🐶']
const LONG_TEXT = 'x'.repeat(70_000)

/** Values that exist, by the name of their field in JSON. */
export type Known = Readonly<Record<string, readonly string[]>>

export class MessageDraw {
  readonly #random: Random
  readonly #known: Known

  constructor(random: Random, known: Known) {
    this.#random = random
    this.#known = known
  }

  /** Bytes of a message. */
  message(desc: DescMessage, depth = 0): Uint8Array {
    const writer = new BinaryWriter()
    for (const field of desc.fields) {
      const times = this.#times(field, depth)
      for (let i = 0; i < times; i++) this.#field(writer, field, depth)
    }
    return writer.finish()
  }

  one<T>(values: readonly T[]): T {
    return values[this.#random.nextBelow(values.length)] as T
  }

  #times(field: DescField, depth: number): number {
    const nested = field.fieldKind === 'message' || field.fieldKind === 'map'
    if (nested && depth >= DEPTH_MAX) return 0
    if (this.#known[field.jsonName] !== undefined && this.#chance(9, 10)) return 1
    if (this.#chance(1, 2)) return 0
    if (field.fieldKind === 'list' || field.fieldKind === 'map') {
      return this.#random.nextBelow(LIST_MAX + 1)
    }
    return this.#chance(1, 50) ? 2 : 1
  }

  #field(writer: BinaryWriter, field: DescField, depth: number): void {
    switch (field.fieldKind) {
      case 'scalar':
        this.#scalar(writer, field.number, field.scalar, field.jsonName)
        return
      case 'enum':
        writer.tag(field.number, WireType.Varint).int32(this.one([0, 1, 2, 3, 99, -1]))
        return
      case 'message':
        writer.tag(field.number, WireType.LengthDelimited)
        writer.bytes(this.message(field.message, depth + 1))
        return
      case 'list':
        this.#listItem(writer, field, depth)
        return
      case 'map':
        writer.tag(field.number, WireType.LengthDelimited).bytes(this.#mapEntry(field, depth))
    }
  }

  #listItem(writer: BinaryWriter, field: DescField & { fieldKind: 'list' }, depth: number): void {
    switch (field.listKind) {
      case 'scalar':
        this.#scalar(writer, field.number, field.scalar, field.jsonName)
        return
      case 'enum':
        writer.tag(field.number, WireType.Varint).int32(this.one([0, 1, 99]))
        return
      case 'message':
        writer.tag(field.number, WireType.LengthDelimited)
        writer.bytes(this.message(field.message, depth + 1))
    }
  }

  #mapEntry(field: DescField & { fieldKind: 'map' }, depth: number): Uint8Array {
    const entry = new BinaryWriter()
    this.#scalar(entry, 1, field.mapKey, 'key')
    switch (field.mapKind) {
      case 'scalar':
        this.#scalar(entry, 2, field.scalar, 'value')
        break
      case 'enum':
        entry.tag(2, WireType.Varint).int32(this.one([0, 1, 99]))
        break
      case 'message':
        entry.tag(2, WireType.LengthDelimited).bytes(this.message(field.message, depth + 1))
    }
    return entry.finish()
  }

  #scalar(writer: BinaryWriter, number: number, scalar: ScalarType, name: string): void {
    const integer = this.one(INTEGERS)
    switch (scalar) {
      case ScalarType.STRING:
        writer.tag(number, WireType.LengthDelimited).string(this.#text(name))
        return
      case ScalarType.BYTES:
        writer.tag(number, WireType.LengthDelimited).bytes(this.#bytes(this.one([0, 1, 4, 8, 300])))
        return
      case ScalarType.DOUBLE:
        writer.tag(number, WireType.Bit64).double(this.one(DOUBLES))
        return
      case ScalarType.FLOAT:
        writer.tag(number, WireType.Bit32).float(this.one([0, 1, -1, 3e38, NaN, Infinity]))
        return
      case ScalarType.FIXED64:
      case ScalarType.SFIXED64:
        writer.tag(number, WireType.Bit64).fixed64(integer)
        return
      case ScalarType.FIXED32:
      case ScalarType.SFIXED32:
        writer.tag(number, WireType.Bit32).fixed32(Number(integer & 0xffff_ffffn))
        return
      default:
        writer.tag(number, WireType.Varint).uint64(this.#chance(1, 8) ? 2n ** 64n - 1n : integer)
    }
  }

  #text(name: string): string {
    const known = this.#known[name]
    if (known !== undefined && this.#chance(3, 4)) return this.one(known)
    return this.#chance(1, 100) ? LONG_TEXT : this.one(TEXTS)
  }

  #bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.#random.nextBelow(256))
  }

  #chance(times: number, of: number): boolean {
    return this.#random.nextBelow(of) < times
  }
}
