/**
 * What happened in a simulated run, line by line, and a hash over it.
 *
 * Two runs of one seed must give the same hash: if they do not, something drew from real time, real
 * randomness or the order of a hash table, and no failure could be replayed.
 */
import { createHash, type Hash } from 'node:crypto'
import type { Clock } from '@vectron/base'

export class SimTrace {
  readonly #clock: Clock
  readonly #print: ((line: string) => void) | undefined
  readonly #hash: Hash = createHash('sha256')

  /** Lines go to `print` too, when it is given. */
  constructor(clock: Clock, print: ((line: string) => void) | undefined) {
    this.#clock = clock
    this.#print = print
  }

  /** `who` is a process, or `net`, `sim` for what is none's. */
  add(who: string, event: string): void {
    const ms = (this.#clock.monotonicUs() / 1000).toFixed(3)
    const line = `${ms.padStart(10)} ${who.padEnd(4)} ${event}`
    this.#hash.update(line).update('\n')
    this.#print?.(line)
  }

  /** First 16 hexadecimal digits of the hash over all lines so far. */
  digest(): string {
    return this.#hash.copy().digest('hex').slice(0, 16)
  }
}
