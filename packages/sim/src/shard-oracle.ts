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

  constructor(violations: Violations) {
    this.#violations = violations
  }

  onApplied({ shard, index, requestId, effectiveIndex, stateHash }: AppliedCommand): void {
    const place = `${shard}#${index}`
    const known = this.#hashes.get(place)
    if (known === undefined) this.#hashes.set(place, stateHash)
    this.#violations.check(
      known === undefined || known === stateHash,
      'replicas are equal',
      () => `at ${place} one replica has state ${known}, another ${stateHash}`,
    )
    if (requestId !== '') this.#recordEffect(shard, requestId, effectiveIndex)
  }

  /** Index at which the request took effect; undefined when no replica has applied it. */
  effectOf(shard: bigint, requestId: string): bigint | undefined {
    return this.#effects.get(`${shard}/${requestId}`)
  }

  #recordEffect(shard: bigint, requestId: string, index: bigint): void {
    const request = `${shard}/${requestId}`
    const known = this.#effects.get(request)
    if (known === undefined) this.#effects.set(request, index)
    this.#violations.check(
      known === undefined || known === index,
      'a request takes effect once',
      () => `request ${request} took effect at ${known} and at ${index}`,
    )
  }
}
