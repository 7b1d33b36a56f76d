/**
 * A broken promise of the system under test, and who is told of the first.
 *
 * Most checks run in callbacks of the product, where a thrown error would be taken for a failure of
 * the product and handled. So checks record the violation, and the run stops at its next step.
 */
import type { SimTrace } from './sim-trace.ts'

export class Violations {
  readonly #trace: SimTrace
  #first: string | undefined

  constructor(trace: SimTrace) {
    this.#trace = trace
  }

  /** The first invariant that broke. */
  get first(): string | undefined {
    return this.#first
  }

  /** `invariant` names what must hold, `found` says what was seen instead. */
  add(invariant: string, found: string): void {
    if (this.#first !== undefined) return
    this.#first = `${invariant}: ${found}`
    this.#trace.add('sim', `VIOLATION ${this.#first}`)
  }

  check(holds: boolean, invariant: string, found: () => string): void {
    if (!holds) this.add(invariant, found())
  }
}
