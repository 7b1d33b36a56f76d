/**
 * ByteBudget: bounds the bytes of work under way over all who share it. Who finds no room waits its
 * turn; something larger than the whole budget goes alone.
 */

interface Waiter {
  readonly bytes: number
  readonly enter: () => void
}

export class ByteBudget {
  readonly #bytesMax: number
  #used = 0
  readonly #waiting: Waiter[] = []

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** Settles when there is room. Each is followed by one `release` of the same bytes. */
  async acquire(bytes: number): Promise<void> {
    if (this.#waiting.length === 0 && this.#fits(bytes)) {
      this.#used += bytes
      return
    }
    await new Promise<void>((enter) => this.#waiting.push({ bytes, enter }))
  }

  release(bytes: number): void {
    this.#used -= bytes
    for (let next = this.#waiting[0]; next && this.#fits(next.bytes); next = this.#waiting[0]) {
      this.#used += next.bytes
      this.#waiting.shift()
      next.enter()
    }
  }

  #fits(bytes: number): boolean {
    return this.#used === 0 || this.#used + bytes <= this.#bytesMax
  }
}
