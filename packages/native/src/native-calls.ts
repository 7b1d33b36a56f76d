/**
 * Calls of the addon that finish later: each has a number, and a promise that waits for it.
 *
 * One completion ring serves all calls of this JavaScript thread. Stays true: every number given
 * out is settled exactly once; the process stays alive while calls are open, and no longer.
 */
import { assertDefined } from '@vectron/base'
import { type Completion, type CompletionRing, loadAddon } from './addon.ts'
import { fromParts, fromThrown } from './failure.ts'

interface OpenCall {
  readonly resolve: (completion: Completion) => void
  readonly reject: (error: unknown) => void
}

/** Node's longest timer, milliseconds: it only holds the process and does nothing when it fires. */
const HOLD_MS = 2 ** 31 - 1

export class NativeCalls {
  readonly ring: CompletionRing
  readonly #open = new Map<number, OpenCall>()
  readonly #hold = setInterval(() => {}, HOLD_MS).unref()
  #lastCall = 0

  constructor() {
    const { CompletionRing } = loadAddon()
    this.ring = new CompletionRing((completions) => this.#deliver(completions))
  }

  /** Begins a call with a fresh number and waits for it. */
  start(begin: (call: number) => void): Promise<Completion> {
    return new Promise((resolve, reject) => {
      const call = this.#nextCall()
      if (this.#open.size === 0) this.#hold.ref()
      this.#open.set(call, { resolve, reject })
      try {
        begin(call)
      } catch (thrown) {
        this.#take(call)
        reject(fromThrown(thrown))
      }
    })
  }

  #deliver(completions: readonly Completion[]): void {
    for (const completion of completions) {
      const { call, reason, message, subject } = completion
      const { resolve, reject } = this.#take(call)
      if (reason === undefined) resolve(completion)
      else reject(fromParts(reason, message ?? '', subject))
    }
  }

  #take(call: number): OpenCall {
    const open = assertDefined(this.#open.get(call), `call ${call} is open`)
    this.#open.delete(call)
    if (this.#open.size === 0) this.#hold.unref()
    return open
  }

  /** Numbers are 32 bits wide and come around; one still open is left out. */
  #nextCall(): number {
    do {
      this.#lastCall = (this.#lastCall + 1) >>> 0
    } while (this.#open.has(this.#lastCall))
    return this.#lastCall
  }
}

let calls: NativeCalls | undefined

/** The calls of this JavaScript thread. */
export function nativeCalls(): NativeCalls {
  calls ??= new NativeCalls()
  return calls
}
