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
 *   if_version    of an acknowledged write is what the point had when it took effect; one that is
 *                 refused has no effect, and the point has another version
 *   expiry        no read that begins when a point's time has come shows it, and none that ends
 *                 before lacks it, by the clock of whichever process is farthest off
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
  /** The version that its points must have before. */
  readonly ifVersion?: bigint | undefined
}

/** How far off the clocks of processes were at most, in milliseconds. */
export interface ClockError {
  readonly behindMs: number
  readonly aheadMs: number
}

/** When an operation went on, in Unix milliseconds by the run's own clock. */
export interface Span {
  readonly fromMs: number
  readonly toMs: number
}

/** The value that a request writes names the request. */
export const writtenBy = (requestId: string) => JSON.stringify({ request: requestId })

export class ClientHistory {
  readonly #violations: Violations
  readonly #oracle: ShardOracle
  readonly #clockError: ClockError
  readonly #floors = new Map<string, bigint>()
  /** When the points expire that a request writes, in Unix milliseconds. */
  readonly #expiries = new Map<string, number>()
  #acknowledged = 0
  #reads = 0

  constructor(violations: Violations, oracle: ShardOracle, clockError: ClockError) {
    this.#violations = violations
    this.#oracle = oracle
    this.#clockError = clockError
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

  /** A write is about to be sent whose points expire. */
  onExpiring(requestId: string, expireMs: number): void {
    this.#expiries.set(requestId, expireMs)
  }

  /** A write was acknowledged; answers the version that it gave its ids. */
  onWritten({ shard, requestId, ids, ifVersion }: ShardWrite, before: Floors): bigint {
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
      const replaced = this.#oracle.replacedBy(shard, requestId, id)
      this.#violations.check(
        ifVersion === undefined || ifVersion === replaced,
        'a conditional write finds the version that it names',
        () => `${requestId} wrote ${id} over version ${replaced}; it was for ${ifVersion}`,
      )
      this.#tell(id, version)
    }
    return version
  }

  /** A write was refused because of the version that a point has. */
  onRefused({ shard, requestId, ids, ifVersion = 0n }: ShardWrite): void {
    const effect = this.#oracle.effectOf(shard, requestId)
    this.#violations.check(
      effect === undefined,
      'a refused write has no effect',
      () => `${requestId} was refused, and took effect at ${effect}`,
    )
    for (const id of ids) {
      const latest = this.#oracle.latestOf(shard, id)
      this.#violations.check(
        latest !== ifVersion || ifVersion === 0n || this.#expiryAt(shard, latest) !== undefined,
        'a conditional write is refused only for another version',
        () => `${requestId} was refused, and ${id} has the version ${ifVersion} that it names`,
      )
    }
  }

  /** A read of `shard` has answered; `before` is what it must not fall behind. */
  onRead(
    shard: bigint,
    point: ReadPoint,
    {
      before,
      span,
      consistency,
    }: {
      readonly before: Floors
      readonly span: Span
      readonly consistency: Consistency
    },
  ): void {
    const { id, value, version } = point
    const floor = before.get(id) ?? 0n
    this.#reads += 1
    this.#violations.check(
      version >= floor,
      consistency === 'strong' ? 'strong reads are linearizable' : 'reads keep their promise',
      () => `a ${consistency} read of ${id} shows version ${version}; ${floor} was told before it`,
    )
    if (value !== null) this.#checkWritten(shard, id, value, version)
    this.#checkExpiry(shard, point, span)
    this.#tell(id, version)
  }

  #checkExpiry(shard: bigint, { id, value, version }: ReadPoint, { fromMs, toMs }: Span): void {
    const expireMs = this.#expiryAt(shard, version)
    if (expireMs === undefined) return
    const { behindMs, aheadMs } = this.#clockError
    this.#violations.check(
      value === null || fromMs < expireMs + behindMs,
      'points are not seen when their time has come',
      () =>
        `${id} of version ${version} expired at ${expireMs}, and a read from ${fromMs} shows it`,
    )
    this.#violations.check(
      value !== null || toMs >= expireMs - aheadMs,
      'points stay until their time comes',
      () => `${id} of version ${version} expires at ${expireMs}, and a read to ${toMs} lacks it`,
    )
  }

  /** When the points expire that were written at this index; undefined for never. */
  #expiryAt(shard: bigint, version: bigint): number | undefined {
    const request = this.#oracle.requestAt(shard, version)
    return request === undefined ? undefined : this.#expiries.get(request)
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
