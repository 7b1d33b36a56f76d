/**
 * Passwords: argon2id (RFC 9106), at most two at once (one on two cores), others in a queue.
 *
 * A hash takes 19 MiB and some tens of milliseconds of a core; without the bounds a flood of
 * log-ins would take the memory and the cores from everything else. So it also runs behind all else
 * (password-threads.ts). The text form is the PHC
 * string, so that the cost can grow later and old hashes still verify.
 *
 * An unknown account must cost what a known one does: `verifyNothing` hashes too.
 */

import { timingSafeEqual } from 'node:crypto'
import { type Random, VectronError } from '@vectron/base'
import { HASHES_AT_ONCE, hashInBackground } from './password-threads.ts'

/** OWASP's smallest for argon2id with one lane: 19 MiB, two passes. */
const COST = { memory: 19_456, passes: 2, parallelism: 1 } as const
const HASH_BYTES = 32
const SALT_BYTES = 16
/** Log-ins that wait; at 30 ms each the last waits for two seconds or less. */
const QUEUE_MAX = 64
const RETRY_AFTER_MS = 2000
const PHC = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([\w+/-]+)\$([\w+/-]+)$/

export const PASSWORD_CHARS_MIN = 10
export const PASSWORD_CHARS_MAX = 256

interface Cost {
  readonly memory: number
  readonly passes: number
  readonly parallelism: number
}

export class PasswordHasher {
  readonly #random: Random
  #running = 0
  readonly #waiting: (() => void)[] = []

  /** `random` must be the system's: it draws the salts. */
  constructor(random: Random) {
    this.#random = random
  }

  /** The PHC form of a password's hash. @throws VectronError OVERLOADED */
  async hash(password: string): Promise<string> {
    const salt = new Uint8Array(SALT_BYTES)
    this.#random.fill(salt)
    const hash = await this.#derive(password, salt, COST)
    const { memory, passes, parallelism } = COST
    const cost = `m=${memory},t=${passes},p=${parallelism}`
    return `$argon2id$v=19$${cost}$${toText(salt)}$${toText(hash)}`
  }

  /** Whether the password is the one that was hashed. @throws VectronError OVERLOADED */
  async verify(password: string, phc: string): Promise<boolean> {
    const parsed = parsePhc(phc)
    if (parsed === undefined) return this.verifyNothing(password)
    const hash = await this.#derive(password, parsed.salt, parsed.cost)
    return hash.length === parsed.hash.length && timingSafeEqual(hash, parsed.hash)
  }

  /** Takes as long as `verify` and answers false: for accounts that do not exist. */
  async verifyNothing(password: string): Promise<false> {
    await this.#derive(password, new Uint8Array(SALT_BYTES), COST)
    return false
  }

  async #derive(password: string, salt: Uint8Array, cost: Cost): Promise<Uint8Array> {
    await this.#enter()
    try {
      return await derive(password, salt, cost)
    } finally {
      this.#leave()
    }
  }

  #enter(): Promise<void> {
    if (this.#running < HASHES_AT_ONCE) {
      this.#running += 1
      return Promise.resolve()
    }
    if (this.#waiting.length >= QUEUE_MAX) {
      throw new VectronError('OVERLOADED', 'Too many log-ins are under way.', {
        subject: 'log-ins',
        retryAfterMs: RETRY_AFTER_MS,
      })
    }
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** The next that waits takes the place over. */
  #leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#running -= 1
    else next()
  }
}

function derive(password: string, nonce: Uint8Array, cost: Cost): Promise<Uint8Array> {
  const message = password.normalize('NFKC')
  return hashInBackground({ message, nonce, tagLength: HASH_BYTES, ...cost })
}

function parsePhc(phc: string) {
  const [, memory, passes, parallelism, salt, hash] = PHC.exec(phc) ?? []
  if (salt === undefined || hash === undefined) return undefined
  return {
    cost: { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) },
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  }
}

/** Base64 without padding, as the PHC form has it. */
function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replaceAll('=', '')
}
