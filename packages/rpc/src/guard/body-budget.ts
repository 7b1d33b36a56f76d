/**
 * BodyBudget: bounds the bytes of the requests that all servers who share it hold at one time, so
 * that many requests, each within the limit of a body, cannot fill the memory together. Nobody
 * holds more than half of it: one caller cannot keep the others out.
 *
 * Who finds no room is refused: waiting would hold what he has sent already.
 */
import { VectronError } from '@vectron/base'

const RETRY_AFTER_MS = 1000

export class BodyBudget {
  readonly #bytesMax: number
  #used = 0
  readonly #byCaller = new Map<string, number>()

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get usedBytes(): number {
    return this.#used
  }

  /** What one request of this caller holds: nothing yet. */
  hold(caller: string): BodyHold {
    let held = 0
    const change = (bytes: number) => {
      const ofCaller = (this.#byCaller.get(caller) ?? 0) + bytes
      if (bytes > 0) {
        if (this.#used + bytes > this.#bytesMax) throw full('all callers together')
        if (ofCaller > this.#bytesMax / 2) throw full('one caller')
      }
      this.#used += bytes
      held += bytes
      if (ofCaller === 0) this.#byCaller.delete(caller)
      else this.#byCaller.set(caller, ofCaller)
    }
    return {
      resize: (bytes) => change(bytes - held),
      release: () => change(-held),
    }
  }
}

/** The share of one request. Invariant: released when its call is over, whatever became of it. */
export interface BodyHold {
  /** @throws VectronError OVERLOADED: there is no room now */
  resize(bytes: number): void
  release(): void
}

function full(whose: string): VectronError {
  const message = `The requests under way are as large as those of ${whose} may be at one time.`
  return new VectronError('OVERLOADED', message, { retryAfterMs: RETRY_AFTER_MS })
}
