/**
 * What clients were told, and whether a later answer contradicts it.
 *
 * Each id is a register. The log index that wrote its value is its version, and orders all writes
 * of it; so linearizability needs no search: an operation that begins after another has ended must
 * not show an older version than the other did. `floor` is the newest version that anybody was told
 * of.
 *
 *   strong read   never below the floor at its beginning
 *   session read  never below what its own client was told
 *   any read      shows a value that was written, at the version that wrote it
 *   write         takes effect above the floor at its beginning, and is applied when acknowledged
 */
import type { ReadPoint } from './model-engine.ts'
import type { ShardOracle } from './shard-oracle.ts'
import type { Violations } from './violation.ts'

export type Consistency = 'eventual' | 'session' | 'strong'

/** Versions by id, as known at some moment. */
export type Floors = ReadonlyMap<string, bigint>

/** A write of one request to one shard. */
export interface ShardWrite {
  readonly shard: bigint
  readonly requestId: string
  readonly ids: readonly string[]
}

/** The value that a request writes names the request. */
export const writtenBy = (requestId: string) => JSON.stringify({ request: requestId })

export class ClientHistory {
  readonly #violations: Violations
  readonly #oracle: ShardOracle
  readonly #floors = new Map<string, bigint>()
  #acknowledged = 0
  #reads = 0

  constructor(violations: Violations, oracle: ShardOracle) {
    this.#violations = violations
    this.#oracle = oracle
  }

  /** Writes that were acknowledged. */
  get acknowledged(): number {
    return this.#acknowledged
  }

  /** Points that were read. */
  get reads(): number {
    return this.#reads
  }

  /** Every id that a client was told of. */
  get ids(): readonly string[] {
    return [...this.#floors.keys()]
  }

  /** What an operation on these ids that begins now must not fall behind. */
  floors(ids: readonly string[]): Floors {
    return new Map(ids.map((id) => [id, this.#floors.get(id) ?? 0n]))
  }

  /** A write was acknowledged; answers the version that it gave its ids. */
  onWritten({ shard, requestId, ids }: ShardWrite, before: Floors): bigint {
    const version = this.#oracle.effectOf(shard, requestId)
    if (version === undefined) {
      this.#violations.add('no acknowledged write is lost', `${requestId} is applied nowhere`)
      return 0n
    }
    this.#acknowledged += 1
    for (const id of ids) {
      const floor = before.get(id) ?? 0n
      this.#violations.check(
        version > floor,
        'writes are linearizable',
        () => `${requestId} wrote ${id} at ${version}; ${floor} was told before it began`,
      )
      this.#tell(id, version)
    }
    return version
  }

  /** A read of `shard` has answered; `before` is what it must not fall behind. */
  onRead(shard: bigint, point: ReadPoint, before: Floors, consistency: Consistency): void {
    const { id, value, version } = point
    const floor = before.get(id) ?? 0n
    this.#reads += 1
    this.#violations.check(
      version >= floor,
      consistency === 'strong' ? 'strong reads are linearizable' : 'reads keep their promise',
      () => `a ${consistency} read of ${id} shows version ${version}; ${floor} was told before it`,
    )
    if (value !== null) this.#checkWritten(shard, id, value, version)
    this.#tell(id, version)
  }

  #checkWritten(shard: bigint, id: string, value: string, version: bigint): void {
    const { request } = JSON.parse(value)
    const effect = this.#oracle.effectOf(shard, request)
    this.#violations.check(
      effect === version,
      'reads show what was written',
      () => `${id} is ${value} at ${version}; the request took effect at ${effect}`,
    )
  }

  #tell(id: string, version: bigint): void {
    const floor = this.#floors.get(id) ?? 0n
    if (version > floor) this.#floors.set(id, version)
  }
}
