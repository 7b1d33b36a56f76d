/** Counts what happened in a run, and how long writes to a collection stood still. */
import type { Answer } from './api-client.ts'

export interface Gap {
  readonly collection: string
  readonly ms: number
  /** The faults at work when it began and ended. */
  readonly during: string
}

export class Tally {
  registerOperations = 0
  registerUnknown = 0
  batches = 0
  points = 0
  searches = 0
  searchesFailed = 0
  /** By kind. */
  readonly faults = new Map<string, number>()
  /** By what was done and the reason of the failure. */
  readonly failures = new Map<string, number>()
  /** Answers that no fault excuses. */
  readonly inexcusable: string[] = []
  /** Processes that ended although nobody asked them to. */
  readonly unaskedEnds: { readonly node: string; readonly exit: string; during: string }[] = []
  /** The fault at work, for the gaps. */
  fault = 'none'
  /** When and during which fault a write was last acknowledged. */
  readonly #last = new Map<string, { readonly ms: number; readonly fault: string }>()
  readonly #gaps = new Map<string, Gap>()

  /** A write to the collection was acknowledged. */
  acknowledged(collection: string): void {
    this.#endGap(collection)
  }

  /** No more writes are sent: what stands still now stands still to the end. */
  finish(): void {
    for (const collection of this.#last.keys()) this.#endGap(collection)
  }

  #endGap(collection: string): void {
    const nowMs = performance.now()
    const last = this.#last.get(collection) ?? { ms: nowMs, fault: this.fault }
    const ms = nowMs - last.ms
    this.#last.set(collection, { ms: nowMs, fault: this.fault })
    const worst = this.#gaps.get(collection)
    if (worst === undefined || ms > worst.ms) {
      const during = [...new Set([last.fault, this.fault])].join(', then ')
      this.#gaps.set(collection, { collection, ms, during })
    }
  }

  failed(what: string, answer: Answer): void {
    const why = answer.kind === 'answered' ? answer.body.reason : answer.why
    const name = `${what} ${why}`
    this.failures.set(name, (this.failures.get(name) ?? 0) + 1)
    // What a caller did wrong, or a bug: no fault of the machine gives that.
    const isExcused =
      answer.kind !== 'answered' || (answer.status >= 502 && answer.status <= 504) || isFull(answer)
    if (!isExcused) this.inexcusable.push(`${name}: ${answer.body.detail}`)
  }

  endedUnasked(node: string, exit: string): void {
    this.unaskedEnds.push({ node, exit, during: this.fault })
  }

  countFault(kind: string): void {
    this.faults.set(kind, (this.faults.get(kind) ?? 0) + 1)
  }

  /** The longest time without an acknowledged write to a collection. */
  longestGap(): Gap {
    const none = { collection: 'none', ms: 0, during: 'none' }
    return [...this.#gaps.values()].reduce((a, b) => (b.ms > a.ms ? b : a), none)
  }
}

function isFull(answer: { readonly body: { readonly reason?: string } }): boolean {
  return answer.body.reason === 'DISK_FULL' || answer.body.reason === 'OVERLOADED'
}
