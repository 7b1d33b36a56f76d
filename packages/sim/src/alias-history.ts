/**
 * What the alias of a run has pointed to, and whether readers see that.
 *
 * Each change that the catalog commits begins a generation. A gateway looks an alias up in the
 * routing that it has, which may be old, but never grows older: so what a read by the alias is
 * about must be of a generation that is not before the newest one that its gateway has shown or
 * answered for when the read began, and that was committed when it ended. A read is of one
 * generation: the oldest that fits is taken, for the next one's sake.
 */
import type { placement } from '@vectron/contracts'
import type { Violations } from './violation.ts'

export const ALIAS = 'live'

/** What one life of a gateway has shown of the alias. */
export interface AliasView {
  /** It cannot show an older generation any more. */
  floor: number
}

export class AliasHistory {
  readonly #violations: Violations
  /** The collection of each generation. */
  readonly #targets: string[] = []

  constructor(violations: Violations) {
    this.#violations = violations
  }

  /** How many generations there are by now. */
  get generations(): number {
    return this.#targets.length
  }

  /** The catalog has committed a change. */
  onCommitted({ actions }: placement.ChangeAliases): void {
    for (const { action } of actions) {
      // Made once; a repeated attempt to make it is refused.
      const isRepeated = action.case === 'create' && this.#targets.length > 0
      if (action.case === 'delete' || action.case === undefined || isRepeated) continue
      this.#targets.push(action.value.collection)
    }
  }

  /** The gateway has answered a switch of the alias; `from`: generations when it was asked. */
  onSwitched(view: AliasView, collection: string, from: number): void {
    const generation = this.#targets.indexOf(collection, from)
    this.#violations.check(
      generation >= 0,
      'a switch of an alias that is acknowledged is committed',
      () => `to ${collection}, after generation ${from} of ${this.#targets}`,
    )
    view.floor = Math.max(view.floor, generation)
  }

  /** A read by the alias was about this collection; `floor`: that of the view when it began. */
  onRead(view: AliasView, collection: string, floor: number): void {
    const generation = this.#targets.indexOf(collection, floor)
    this.#violations.check(
      generation >= 0,
      'a read by an alias is about what it points to',
      () => `it is about ${collection}, at or after generation ${floor} of ${this.#targets}`,
    )
    view.floor = Math.max(view.floor, generation)
  }
}
