/**
 * What a writer knows about each id while the server may die at any moment.
 *
 * Must stay true: a write that was acknowledged is there, with its value or a later one that was
 * sent; a write without an answer may or may not be there; no other value ever appears.
 */

export interface LedgerEntry {
  /** Last value that the server acknowledged. */
  acknowledged: number | undefined
  /** Values sent since then that had no answer, or a refusal that may have come too late. */
  readonly unanswered: Set<number>
}

export class WriteLedger {
  readonly #entries = new Map<string, LedgerEntry>()
  /** The id that each value was sent for. */
  readonly #idOfValue = new Map<number, string>()
  #nextValue = 1

  /** A value that was never sent before. */
  nextValue(): number {
    return this.#nextValue++
  }

  /** Call before the write leaves. */
  send(id: string, value: number): void {
    this.#entry(id).unanswered.add(value)
    this.#idOfValue.set(value, id)
  }

  /** Whether this value was ever sent for the id, and be it long replaced. */
  wasSent(id: string, value: number): boolean {
    return this.#idOfValue.get(value) === id
  }

  /** The server acknowledged the write. One writer an id: earlier values are settled by it. */
  acknowledge(id: string, value: number): void {
    const entry = this.#entry(id)
    entry.acknowledged = value
    for (const earlier of [...entry.unanswered])
      if (earlier <= value) entry.unanswered.delete(earlier)
  }

  ids(): string[] {
    return [...this.#entries.keys()]
  }

  acknowledgedCount(): number {
    let count = 0
    for (const entry of this.#entries.values()) if (entry.acknowledged !== undefined) count++
    return count
  }

  /** What contradicts the ledger; `found` holds the value of each id that the server has. */
  violations(found: ReadonlyMap<string, number>): string[] {
    const broken: string[] = []
    for (const [id, entry] of this.#entries) {
      const value = found.get(id)
      if (!isAllowed(entry, value)) broken.push(describe(id, entry, value))
    }
    for (const id of found.keys()) if (!this.#entries.has(id)) broken.push(`${id}: never written`)
    return broken
  }

  /** Takes what the server has as the state from here on, after violations() found none. */
  settle(found: ReadonlyMap<string, number>): void {
    for (const [id, entry] of this.#entries) {
      entry.acknowledged = found.get(id)
      entry.unanswered.clear()
    }
  }

  #entry(id: string): LedgerEntry {
    let entry = this.#entries.get(id)
    if (entry === undefined) {
      entry = { acknowledged: undefined, unanswered: new Set() }
      this.#entries.set(id, entry)
    }
    return entry
  }
}

function isAllowed(entry: LedgerEntry, value: number | undefined): boolean {
  return value === entry.acknowledged || (value !== undefined && entry.unanswered.has(value))
}

function describe(id: string, entry: LedgerEntry, value: number | undefined): string {
  const sent = [...entry.unanswered].join(', ') || 'none'
  return `${id}: found ${value ?? 'nothing'}, acknowledged ${entry.acknowledged ?? 'nothing'}, unanswered ${sent}`
}
