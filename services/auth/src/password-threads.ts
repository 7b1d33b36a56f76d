/**
 * The threads of this process that hash passwords, shared by all who ask; made when first needed.
 *
 * Threads of their own and not libuv's pool: files and DNS wait in that one, and its threads cannot
 * be given a lower priority.
 */

import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { VectronError } from '@vectron/base'

/** Two, and on a small machine one: even at a low priority two would keep both its cores busy. */
export const HASHES_AT_ONCE = Math.min(2, Math.max(1, Math.floor(availableParallelism() / 2)))

export interface HashParameters {
  readonly message: string
  readonly nonce: Uint8Array
  readonly tagLength: number
  /** KiB. */
  readonly memory: number
  readonly passes: number
  readonly parallelism: number
}

export interface HashRequest {
  readonly number: number
  readonly parameters: HashParameters
}

export interface HashAnswer {
  readonly number: number
  readonly hash?: Uint8Array
  readonly failure?: string
}

type Settle = (outcome: Uint8Array | VectronError) => void

/** One thread and what it was asked and has not answered. */
class PasswordThread {
  readonly #worker = new Worker(new URL('./password-thread.ts', import.meta.url))
  readonly #waiting = new Map<number, Settle>()
  #asked = 0
  isDead = false

  constructor() {
    this.#worker.unref()
    this.#worker.on('message', ({ number, hash, failure }: HashAnswer) => {
      this.#settle(number, hash ?? new VectronError('INTERNAL', `argon2id failed: ${failure}`))
    })
    this.#worker.on('error', (cause) => this.#die(cause))
    this.#worker.on('exit', (code) => this.#die(new Error(`it ended with ${code}`)))
  }

  get load(): number {
    return this.#waiting.size
  }

  hash(parameters: HashParameters): Promise<Uint8Array> {
    const request: HashRequest = { number: ++this.#asked, parameters }
    return new Promise((resolve, reject) => {
      this.#waiting.set(request.number, (outcome) =>
        outcome instanceof VectronError ? reject(outcome) : resolve(outcome),
      )
      // Only while somebody waits does it keep the process alive.
      this.#worker.ref()
      this.#worker.postMessage(request)
    })
  }

  #settle(number: number, outcome: Uint8Array | VectronError): void {
    this.#waiting.get(number)?.(outcome)
    this.#waiting.delete(number)
    if (this.#waiting.size === 0) this.#worker.unref()
  }

  #die(cause: unknown): void {
    this.isDead = true
    const message = `The thread that hashes passwords ended: ${cause}`
    for (const number of [...this.#waiting.keys()]) {
      this.#settle(number, new VectronError('INTERNAL', message, { cause }))
    }
  }
}

let threads: PasswordThread[] = []

/** The hash of a password, by the thread that has least to do. */
export function hashInBackground(parameters: HashParameters): Promise<Uint8Array> {
  threads = threads.filter(({ isDead }) => !isDead)
  const idle = threads.find(({ load }) => load === 0)
  if (idle !== undefined) return idle.hash(parameters)
  if (threads.length < HASHES_AT_ONCE) threads.push(new PasswordThread())
  const [least] = threads.toSorted((a, b) => a.load - b.load)
  if (least === undefined) throw new VectronError('INTERNAL', 'There is no thread for passwords.')
  return least.hash(parameters)
}
