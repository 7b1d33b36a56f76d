/**
 * What must hold of the contents of shards, whichever replica and life shows it:
 *
 *   replicas that applied the same index hold the same; a request takes effect once; what a replica
 *   shows is what its log says.
 *
 * Also the one who knows at which index a request took effect, which clients are not told of
 * repeated ones.
 */
import type { AppliedCommand } from './model-engine.ts'
import type { Violations } from './violation.ts'

export class ShardOracle {
  readonly #violations: Violations
  /** State hash by `shard#index`. */
  readonly #hashes = new Map<string, number>()
  /** `shard#index` at which a request took effect, by `shard/request`. */
  readonly #effects = new Map<string, bigint>()
  /** The request that took effect, by `shard#index`. */
  readonly #requests = new Map<string, string>()
  /** Version that a point had before, by `shard/request/id`. */
  readonly #replaced = new Map<string, bigint>()
  /** Index of the last write, by `shard/id`. */
  readonly #latest = new Map<string, bigint>()

  constructor(violations: Violations) {
    this.#violations = violations
  }

  onApplied(applied: AppliedCommand): void {
    const { shard, index, requestId, effectiveIndex, writes, refusal, stateHash } = applied
    const place = `${shard}#${index}`
    const known = this.#hashes.get(place)
    if (known === undefined) this.#hashes.set(place, stateHash)
    this.#violations.check(
      known === undefined || known === stateHash,
      'replicas are equal',
      () => `at ${place} one replica has state ${known}, another ${stateHash}`,
    )
    for (const { id, before } of writes) {
      this.#replaced.set(`${shard}/${requestId}/${id}`, before)
      const latest = this.#latest.get(`${shard}/${id}`) ?? 0n
      if (index > latest) this.#latest.set(`${shard}/${id}`, index)
    }
    if (requestId !== '' && refusal === undefined) {
      this.#recordEffect(shard, requestId, effectiveIndex)
    }
  }

  /** The request that took effect at this index of the shard's log. */
  requestAt(shard: bigint, index: bigint): string | undefined {
    return this.#requests.get(`${shard}#${index}`)
  }

  /** Version that the point had when the request took effect; 0: there was no such point. */
  replacedBy(shard: bigint, requestId: string, id: string): bigint | undefined {
    return this.#replaced.get(`${shard}/${requestId}/${id}`)
  }

  /** Version that the last write of the point gave it, on the replica that is farthest. */
  latestOf(shard: bigint, id: string): bigint {
    return this.#latest.get(`${shard}/${id}`) ?? 0n
  }

  /** Index at which the request took effect; undefined when no replica has applied it. */
  effectOf(shard: bigint, requestId: string): bigint | undefined {
    return this.#effects.get(`${shard}/${requestId}`)
  }

  #recordEffect(shard: bigint, requestId: string, index: bigint): void {
    const request = `${shard}/${requestId}`
    const known = this.#effects.get(request)
    if (known === undefined) {
      this.#effects.set(request, index)
      this.#requests.set(`${shard}#${index}`, requestId)
    }
    this.#violations.check(
      known === undefined || known === index,
      'a request takes effect once',
      () => `request ${request} took effect at ${known} and at ${index}`,
    )
  }
}
