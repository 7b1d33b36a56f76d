/**
 * What the clients of a simulated run were told, and the invariants that must hold against it.
 *
 * A violation is thrown as SimViolation with the invariant that broke. `checkNow` holds at any
 * moment of a life; `checkRecovered` after a read barrier, when the replica must have caught up.
 */
import type { ModelMachine } from './model-machine.ts'

/** A broken promise of the system under test. */
export class SimViolation extends Error {
  override readonly name = 'SimViolation'
}

export class SimHistory {
  /** Acknowledged requests and the index that each took effect at. */
  readonly #acknowledged = new Map<string, bigint>()
  /** Requests whose outcome nobody knows: the clients send them again. */
  readonly #unknown = new Set<string>()
  /** Highest index that a client was told of. */
  #highestTold = 0n
  /** Applied index seen last in the current life. */
  #lastApplied = 0n

  get acknowledged(): number {
    return this.#acknowledged.size
  }

  get unknown(): readonly string[] {
    return [...this.#unknown]
  }

  onAcknowledged(request: string, index: bigint): void {
    const before = this.#acknowledged.get(request)
    if (before !== undefined && before !== index) {
      throw new SimViolation(`request ${request} took effect at ${before} and again at ${index}`)
    }
    this.#acknowledged.set(request, index)
    this.#unknown.delete(request)
    this.#tell(index)
  }

  onUnknown(request: string): void {
    if (!this.#acknowledged.has(request)) this.#unknown.add(request)
  }

  /** What a read that begins now must not be older than. */
  get highestTold(): bigint {
    return this.#highestTold
  }

  /** A read answered that must not be older than `floor`. */
  onRead(index: bigint, floor: bigint): void {
    if (index < floor) {
      throw new SimViolation(`a read saw index ${index}, a client was told ${floor} before it`)
    }
    this.#tell(index)
  }

  /** A new life of the process may have applied less than the last one. */
  onRestart(): void {
    this.#lastApplied = 0n
  }

  checkNow(machine: ModelMachine): void {
    const { appliedIndex, durableIndex } = machine
    if (appliedIndex < this.#lastApplied) {
      throw new SimViolation(`applied went back from ${this.#lastApplied} to ${appliedIndex}`)
    }
    if (durableIndex > appliedIndex) {
      throw new SimViolation(`durable ${durableIndex} is beyond applied ${appliedIndex}`)
    }
    this.#lastApplied = appliedIndex
  }

  /** No acknowledged write is lost, and each took effect once, where the client was told. */
  checkRecovered(machine: ModelMachine): void {
    if (machine.appliedIndex < this.#highestTold) {
      const { appliedIndex } = machine
      throw new SimViolation(`applied is ${appliedIndex}, a client was told ${this.#highestTold}`)
    }
    for (const [request, index] of this.#acknowledged) {
      const found = machine.requests.get(request)
      if (found === undefined) throw new SimViolation(`acknowledged request ${request} is lost`)
      if (found !== index) {
        throw new SimViolation(`request ${request} moved from index ${index} to ${found}`)
      }
    }
  }

  #tell(index: bigint): void {
    if (index > this.#highestTold) this.#highestTold = index
  }
}
