/**
 * Joins a producer that pushes to a consumer that iterates.
 *
 * Invariant: items come out in the order they went in. `push` answers a promise while the queue is
 * full, and a well-behaved producer waits for it: that is the flow control of streams.
 */
export class AsyncQueue<T> implements AsyncIterable<T> {
  readonly #capacity: number
  readonly #items: T[] = []
  readonly #room: (() => void)[] = []
  #end: { readonly error: unknown } | 'done' | undefined
  #wake: (() => void) | undefined

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** Adds an item. undefined: there is room for more; a promise: wait for it first. */
  push(item: T): Promise<void> | undefined {
    if (this.#end !== undefined) return undefined
    this.#items.push(item)
    this.#wake?.()
    if (this.#items.length < this.#capacity) return undefined
    return new Promise((resolve) => this.#room.push(resolve))
  }

  /** No more items: iteration ends after those that are queued. */
  end(): void {
    this.#close('done')
  }

  /** Iteration throws `error` after the items that are queued. */
  fail(error: unknown): void {
    this.#close({ error })
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    try {
      for (;;) {
        const item = this.#items.shift()
        if (item !== undefined) {
          this.#room.shift()?.()
          yield item
        } else if (this.#end === 'done') return
        else if (this.#end !== undefined) throw this.#end.error
        else await new Promise<void>((resolve) => (this.#wake = resolve))
      }
    } finally {
      // A consumer that stops early must not leave the producer waiting.
      this.#close('done')
      this.#items.length = 0
    }
  }

  #close(end: { readonly error: unknown } | 'done'): void {
    this.#end ??= end
    this.#wake?.()
    for (const resolve of this.#room.splice(0)) resolve()
  }
}
