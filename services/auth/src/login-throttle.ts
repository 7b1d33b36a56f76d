/**
 * Slows down guessing: after a few wrong passwords an account, and an address, must wait; each
 * further wrong one doubles the wait, a right one ends it for the account.
 *
 * Kept in the memory of each instance and bounded: with n instances a guesser gets n times the
 * tries, which the waits make meaningless soon. The wait is the same whether the account exists.
 */

import { type Clock, VectronError } from '@vectron/base'

/** Wrong passwords that cost nothing: people mistype. */
const FREE_TRIES = { account: 5, address: 20 } as const
const WAIT_MS_FIRST = 1000
const WAIT_MS_MAX = 15 * 60_000
/** Milliseconds without a wrong password after which all is forgotten. */
const FORGET_MS = 60 * 60_000
/** Accounts and addresses remembered; of more the oldest are forgotten. */
const ENTRIES_MAX = 100_000

interface Entry {
  failures: number
  lastMs: number
  waitUntilMs: number
}

export interface LogInAttempt {
  /** The address of the account, whether it exists or not. */
  readonly email: string
  /** Where the request comes from, without the port. */
  readonly address: string
}

export class LoginThrottle {
  readonly #clock: Clock
  readonly #entries = new Map<string, Entry>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @throws VectronError RATE_LIMITED while the account or the address must wait */
  check(attempt: LogInAttempt): void {
    const now = this.#nowMs()
    const waitMs = Math.max(
      ...this.#keysOf(attempt).map(({ key }) => (this.#entries.get(key)?.waitUntilMs ?? 0) - now),
    )
    if (waitMs <= 0) return
    throw new VectronError(
      'RATE_LIMITED',
      `Too many wrong passwords; wait ${Math.ceil(waitMs / 1000)} s before the next try.`,
      { subject: 'log-ins', retryAfterMs: waitMs },
    )
  }

  onWrong(attempt: LogInAttempt): void {
    const now = this.#nowMs()
    for (const { key, free } of this.#keysOf(attempt)) {
      const known = this.#entries.get(key)
      const isOld = known === undefined || now - known.lastMs > FORGET_MS
      const failures = isOld ? 1 : known.failures + 1
      const over = failures - free
      const waitMs = over <= 0 ? 0 : Math.min(WAIT_MS_MAX, WAIT_MS_FIRST * 2 ** (over - 1))
      this.#entries.delete(key)
      this.#entries.set(key, { failures, lastMs: now, waitUntilMs: now + waitMs })
    }
    while (this.#entries.size > ENTRIES_MAX) {
      const [oldest] = this.#entries.keys()
      if (oldest !== undefined) this.#entries.delete(oldest)
    }
  }

  onRight({ email }: LogInAttempt): void {
    this.#entries.delete(accountKey(email))
  }

  #keysOf({ email, address }: LogInAttempt) {
    return [
      { key: accountKey(email), free: FREE_TRIES.account },
      { key: `address ${address}`, free: FREE_TRIES.address },
    ]
  }

  /** Monotonic: a jump of the wall clock must neither end a wait nor prolong it. */
  #nowMs(): number {
    return this.#clock.monotonicUs() / 1000
  }
}

function accountKey(email: string): string {
  return `account ${email.toLowerCase()}`
}
