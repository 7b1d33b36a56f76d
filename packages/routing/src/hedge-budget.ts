/**
 * HedgeBudget: how many requests may go out twice. Each request adds a share of one, each second
 * request takes one; so a cluster that is slow as a whole is not made slower by asking it twice.
 */

/** Second requests for each request. */
const SHARE = 0.05
/** Second requests that may gather for a bad moment. */
const SAVED_MAX = 10

export class HedgeBudget {
  #saved = SAVED_MAX

  /** A request goes out. */
  earn(): void {
    this.#saved = Math.min(SAVED_MAX, this.#saved + SHARE)
  }

  /** Whether a second request may go out. */
  spend(): boolean {
    if (this.#saved < 1) return false
    this.#saved -= 1
    return true
  }
}
