/**
 * One refresh for each refresh token, whoever asks meanwhile.
 *
 * A token counts once, and one that comes again ends its session as stolen. But browsers do send it
 * again in all innocence: two tabs that wake together, a page that is reloaded before the answer
 * with the next cookie has come. For a few seconds such a request gets the answer of the first.
 */
import { isVectronError } from '@vectron/base'
import type { auth } from '@vectron/contracts'

const GRACE_MS = 10_000
/** Answers that are kept at most; the oldest goes first. */
const KEPT_MAX = 1000

export interface RefreshClock {
  nowMs(): number
}

interface Kept {
  readonly untilMs: number
  readonly session: Promise<auth.Session | undefined>
}

export class RefreshOnce {
  readonly #refresh: (refreshToken: string) => Promise<auth.Session>
  readonly #clock: RefreshClock
  readonly #kept = new Map<string, Kept>()

  constructor(refresh: (refreshToken: string) => Promise<auth.Session>, clock: RefreshClock) {
    this.#refresh = refresh
    this.#clock = clock
  }

  /** The session that follows; undefined when it has ended. */
  of(refreshToken: string): Promise<auth.Session | undefined> {
    this.#forgetOld()
    const kept = this.#kept.get(refreshToken)
    if (kept !== undefined) return kept.session
    const session = this.#ask(refreshToken)
    this.#kept.set(refreshToken, { untilMs: this.#clock.nowMs() + GRACE_MS, session })
    return session
  }

  /** The session was ended: nobody is let into it by a token that was spent before. */
  forget(refreshToken: string): void {
    this.#kept.delete(refreshToken)
  }

  async #ask(refreshToken: string): Promise<auth.Session | undefined> {
    try {
      return await this.#refresh(refreshToken)
    } catch (error) {
      // What ended stays ended; anything else may be asked again at once.
      if (isVectronError(error, 'WRONG_KEY')) return undefined
      this.#kept.delete(refreshToken)
      throw error
    }
  }

  /** In the order of their age, which is that of the map. */
  #forgetOld(): void {
    const nowMs = this.#clock.nowMs()
    for (const [token, { untilMs }] of this.#kept) {
      if (untilMs > nowMs && this.#kept.size < KEPT_MAX) return
      this.#kept.delete(token)
    }
  }
}
