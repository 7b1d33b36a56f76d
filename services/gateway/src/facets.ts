/**
 * The most frequent values of a payload field, from what each shard tells of its own.
 *
 * A shard that tells all of its values leaves nothing open. One that has more tells its most
 * frequent ones: a value that is not among them has there at most the count of the last. So the sum
 * is known to be exact, or not, without another round.
 */

import { create } from '@bufbuild/protobuf'
import type { engine } from '@vectron/contracts'
import { vectron } from '@vectron/contracts'

/** Values that a shard tells at most. */
const VALUES_MAX = 65_536
/** Values gathered from each of several shards, unless all are wanted. */
const VALUES_MIN = 1000
const VALUES_A_RESULT = 10

export interface FacetWanted {
  readonly limit: number
  readonly exact: boolean
}

/** How many values each shard is to tell. */
export function valuesOfShard({ limit, exact }: FacetWanted, shards: number): number {
  if (shards === 1) return limit
  return exact ? VALUES_MAX : Math.max(VALUES_MIN, VALUES_A_RESULT * limit)
}

/** What the shards told of one value. */
interface Counted {
  readonly value: vectron.Scalar
  count: bigint
  /** What shards that did not tell it may have of it, at most. */
  untold: bigint
}

export function mergeFacets(
  results: readonly engine.ReadResult[],
  limit: number,
): { readonly counts: vectron.FacetCount[]; readonly exact: boolean } {
  const [only] = results
  if (results.length === 1 && only !== undefined) {
    return { counts: only.facets.slice(0, limit).flatMap(toCount), exact: true }
  }
  // Of a value that no shard told.
  const unseen = results.reduce((sum, result) => sum + lastOf(result), 0n)
  const counted = new Map<string, Counted>()
  for (const result of results) {
    for (const { value, count } of result.facets) {
      if (value === undefined) continue
      const key = keyOf(value)
      const known = counted.get(key) ?? { value, count: 0n, untold: unseen }
      known.count += count
      known.untold -= lastOf(result)
      counted.set(key, known)
    }
  }
  const ordered = [...counted.values()].sort(byCount)
  const told = ordered.slice(0, limit)
  const least = told.at(-1)?.count ?? 0n
  const others = ordered.slice(limit).map(({ count, untold }) => ({ most: count + untold, untold }))
  const mayBelong = [...others, { most: unseen, untold: unseen }].some(
    ({ most, untold }) => untold > 0n && (told.length < limit || most >= least),
  )
  return {
    counts: told.map(({ value, count }) => create(vectron.FacetCountSchema, { value, count })),
    exact: told.every(({ untold }) => untold === 0n) && !mayBelong,
  }
}

/** What a shard may have, at most, of a value that it does not tell. */
function lastOf({ facets, more }: engine.ReadResult): bigint {
  return more ? (facets.at(-1)?.count ?? 0n) : 0n
}

function toCount({ value, count }: engine.FacetCount): vectron.FacetCount[] {
  return value === undefined ? [] : [create(vectron.FacetCountSchema, { value, count })]
}

/** Integers and floats that are equal come as integers from every shard. */
function keyOf({ kind }: vectron.Scalar): string {
  return `${kind.case} ${kind.value}`
}

function byCount(a: Counted, b: Counted): number {
  if (a.count !== b.count) return a.count > b.count ? -1 : 1
  return compareValues(a.value, b.value)
}

/** Bools, then numbers, then texts, as the engine orders them. */
function compareValues({ kind: a }: vectron.Scalar, { kind: b }: vectron.Scalar): number {
  const rank = rankOf(a) - rankOf(b)
  if (rank !== 0) return rank
  if (a.case === 'stringValue' && b.case === 'stringValue') {
    return Buffer.compare(Buffer.from(a.value), Buffer.from(b.value))
  }
  const [left, right] = [a.value ?? 0, b.value ?? 0]
  return left < right ? -1 : left > right ? 1 : 0
}

function rankOf(kind: vectron.Scalar['kind']): number {
  switch (kind.case) {
    case undefined:
    case 'boolValue':
      return 0
    case 'integerValue':
    case 'floatValue':
      return 1
    case 'stringValue':
      return 2
  }
}
