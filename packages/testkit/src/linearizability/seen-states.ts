/**
 * The pairs (set of operations placed, state) that a search has seen, and the set as it is now.
 *
 * The set is a row of bits with a hash that changes by one xor when an operation comes or goes
 * (Zobrist 1970), so that looking a pair up costs nothing that grows with the history unless state
 * and hash agree. The state comes first: where operations append, one set has as many states as
 * there are orders.
 */
import { seededRandom } from '@vectron/base'
import type { ModelState } from './operation.ts'

export class SeenStates<State extends ModelState> {
  /** By state, by the set's hash: the sets. */
  readonly #seen = new Map<State, Map<number, Uint32Array[]>>()
  /** Two halves of 32 random bits for each operation. */
  readonly #keys: Uint32Array
  readonly #bits: Uint32Array
  #hashLow = 0
  #hashHigh = 0
  /** Pairs remembered. */
  count = 0

  constructor(operations: number) {
    this.#bits = new Uint32Array(Math.ceil(operations / 32))
    this.#keys = new Uint32Array(operations * 2)
    seededRandom(1n).fill(new Uint8Array(this.#keys.buffer))
  }

  /** Puts the operation into the set, unless that set with this state was seen before: false. */
  addWith(operation: number, state: State): boolean {
    this.#flip(operation)
    const hash = this.#hashHigh * 2 ** 21 + (this.#hashLow >>> 11)
    const sets = this.#setsOf(state)
    const alike = sets.get(hash)
    if (alike?.some((bits) => this.#isCurrent(bits))) {
      this.#flip(operation)
      return false
    }
    if (alike === undefined) sets.set(hash, [this.#bits.slice()])
    else alike.push(this.#bits.slice())
    this.count++
    return true
  }

  /** Takes the operation out of the set; what was seen stays remembered. */
  remove(operation: number): void {
    this.#flip(operation)
  }

  #setsOf(state: State): Map<number, Uint32Array[]> {
    let sets = this.#seen.get(state)
    if (sets === undefined) {
      sets = new Map()
      this.#seen.set(state, sets)
    }
    return sets
  }

  #flip(operation: number): void {
    this.#bits[operation >>> 5]! ^= 1 << (operation & 31)
    this.#hashLow = (this.#hashLow ^ this.#keys[operation * 2]!) >>> 0
    this.#hashHigh = (this.#hashHigh ^ this.#keys[operation * 2 + 1]!) >>> 0
  }

  #isCurrent(bits: Uint32Array): boolean {
    return bits.every((word, place) => word === this.#bits[place])
  }
}
