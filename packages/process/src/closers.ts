/**
 * What has been opened and how to close it, newest first.
 *
 * Everything is closed although something fails on the way; the first failure is thrown at the end.
 */

export class Closers {
  #closers: (() => void | Promise<void>)[] = []

  add(close: () => void | Promise<void>): void {
    this.#closers.push(close)
  }

  async closeAll(): Promise<void> {
    const closers = this.#closers.reverse()
    this.#closers = []
    const failures: unknown[] = []
    for (const close of closers) {
      try {
        await close()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }
}
