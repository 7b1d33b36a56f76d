/**
 * The simulation's randomness: seeded, and in 32-bit arithmetic.
 *
 * A run draws a hundred thousand numbers, and the seeded generator of `@vectron/base` works in
 * BigInts. Each part of a run draws from a stream of its own, so that a change in one does not
 * shift what the others do.
 */
import type { Random } from '@vectron/base'

/** sfc32 of Chris Doty-Humphrey's PractRand: 128 bits of state. */
export class FastRandom implements Random {
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: bigint, stream = 0) {
    this.#a = Number(seed & 0xffffffffn) | 0
    this.#b = Number((seed >> 32n) & 0xffffffffn) | 0
    this.#c = stream | 0
    // The first results still show the seed.
    for (let round = 0; round < 12; round++) this.#next()
  }

  nextU64(): bigint {
    return (BigInt(this.#next() >>> 0) << 32n) | BigInt(this.#next() >>> 0)
  }

  nextFloat(): number {
    return (this.#next() >>> 0) / 2 ** 32
  }

  nextBelow(bound: number): number {
    return Math.floor(this.nextFloat() * bound)
  }

  fill(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.#next() & 0xff
  }

  /** true with the given probability. */
  chance(probability: number): boolean {
    return this.nextFloat() < probability
  }

  /** A number in [min, max). */
  between(min: number, max: number): number {
    return min + this.nextFloat() * (max - min)
  }

  pick<T>(items: readonly T[]): T {
    return items[this.nextBelow(items.length)]!
  }

  /** One of the items, each as often as its weight says. */
  pickWeighted<T>(items: readonly (readonly [T, number])[]): T {
    const total = items.reduce((sum, [, weight]) => sum + weight, 0)
    let ticket = this.nextFloat() * total
    for (const [item, weight] of items) {
      ticket -= weight
      if (ticket < 0) return item
    }
    return items[0]![0]
  }

  #next(): number {
    const result = (((this.#a + this.#b) | 0) + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + result
    this.#c |= 0
    return result
  }
}
