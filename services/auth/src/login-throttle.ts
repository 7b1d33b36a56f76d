/**
 * Slows down guessing: after a few wrong passwords an account, and an address, must wait; each
 * further wrong one doubles the wait, a right one ends it for the account.
 *
 * Kept in the store, so that it holds over all instances and their restarts, and gone from there by
 * itself. Accounts and addresses are hashed: whoever tries an address need not have an account, and
 * its text may be of any length. The wait is the same whether the account exists.
 *
 * Tries that are under way at the same time are all let in when the first of them was: a password
 * takes so long to check that few can be, and each of those that are wrong counts.
 */

import { hash } from 'node:crypto'
import { type Clock, VectronError } from '@vectron/base'
import { keyOf, readRecord, toPut, type WaitRecord } from './records.ts'
import type { CredentialStore } from './store/credential-store.ts'

/** Wrong passwords that cost nothing: people mistype. */
const FREE_TRIES = { account: 5, address: 20 } as const
const WAIT_MS_FIRST = 1000
const WAIT_MS_MAX = 15 * 60_000
/** Milliseconds without a wrong password after which all is forgotten. */
const FORGET_MS = 60 * 60_000
/** Times that one wrong password is written while others are. */
const WRITES_MAX = 20

export interface LogInAttempt {
  /** The address of the account, whether it exists or not. */
  readonly email: string
  /** Where the request comes from, without the port. */
  readonly address: string
}

type Kind = keyof typeof FREE_TRIES

export class LoginThrottle {
  readonly #store: CredentialStore
  readonly #clock: Clock

  constructor(store: CredentialStore, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** @throws VectronError RATE_LIMITED while the account or the address must wait */
  async check(attempt: LogInAttempt): Promise<void> {
    const waits = await Promise.all(
      keysOf(attempt).map(async ({ key }) => {
        const found = await readRecord<WaitRecord>(this.#store, key)
        return found === undefined ? 0 : this.#remainingMs(found.value)
      }),
    )
    const waitMs = Math.max(...waits)
    if (waitMs <= 0) return
    throw new VectronError(
      'RATE_LIMITED',
      `Too many wrong passwords; wait ${Math.ceil(waitMs / 1000)} s before the next try.`,
      { subject: 'log-ins', retryAfterMs: waitMs },
    )
  }

  async onWrong(attempt: LogInAttempt): Promise<void> {
    await Promise.all(keysOf(attempt).map(({ key, kind }) => this.#count(key, kind)))
  }

  async onRight({ email }: LogInAttempt): Promise<void> {
    const key = accountKey(email)
    if ((await this.#store.get(key)) !== undefined) await this.#store.commit({ remove: [key] })
  }

  async #count(key: string, kind: Kind): Promise<void> {
    for (let write = 0; write < WRITES_MAX; write++) {
      const known = await readRecord<WaitRecord>(this.#store, key)
      const failures = (known?.value.failures ?? 0) + 1
      const over = failures - FREE_TRIES[kind]
      const waitMs = over <= 0 ? 0 : Math.min(WAIT_MS_MAX, WAIT_MS_FIRST * 2 ** (over - 1))
      const record: WaitRecord = { failures, lastMs: this.#clock.nowMs(), waitMs }
      const isWritten = await this.#store.commit({
        expect: [{ key, revision: known?.revision ?? 0n }],
        put: [toPut(key, record, FORGET_MS)],
      })
      if (isWritten) return
    }
  }

  /** However clocks differ, nobody is told to wait for longer than that. */
  #remainingMs({ lastMs, waitMs }: WaitRecord): number {
    return Math.min(waitMs, lastMs + waitMs - this.#clock.nowMs())
  }
}

function keysOf({ email, address }: LogInAttempt): readonly { key: string; kind: Kind }[] {
  return [
    { key: accountKey(email), kind: 'account' },
    { key: keyOf.wait('address', hash('sha256', address, 'base64url')), kind: 'address' },
  ]
}

function accountKey(email: string): string {
  return keyOf.wait('account', hash('sha256', email.toLowerCase(), 'base64url'))
}
