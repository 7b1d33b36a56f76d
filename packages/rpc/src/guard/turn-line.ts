/**
 * TurnLine: lets few calls begin in one turn of the event loop; the others stand in line for the
 * next turns, first come first served.
 *
 * A turn reads all that has come and begins what it reads, and no answer leaves before it ends. So
 * when many calls come together, each of them would take as long as all, and so would heartbeats.
 */

/** Calls that begin in one turn: a few milliseconds of work. A turn also takes one connection. */
export const BEGIN_MAX = 4

export class TurnLine {
  readonly #nextTurn: (run: () => void) => void
  #begun = 0
  /** Those before `#head` have begun. */
  #line: (() => void)[] = []
  #head = 0

  /** `nextTurn` runs something when all was read that there is to read: setImmediate. */
  constructor(nextTurn: (run: () => void) => void) {
    this.#nextTurn = nextTurn
  }

  /** Resolves when the call may begin; undefined: at once. */
  wait(): Promise<void> | undefined {
    if (this.#begun < BEGIN_MAX && this.#line.length === 0) {
      this.#begin()
      return undefined
    }
    return new Promise((resolve) => this.#line.push(resolve))
  }

  #begin(): void {
    if (this.#begun++ === 0) this.#nextTurn(() => this.#turn())
  }

  #turn(): void {
    this.#begun = 0
    while (this.#begun < BEGIN_MAX && this.#head < this.#line.length) {
      this.#begin()
      this.#line[this.#head++]?.()
    }
    if (this.#head === this.#line.length) {
      this.#line = []
      this.#head = 0
    }
  }
}
