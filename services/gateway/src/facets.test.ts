import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { seededRandom, testSeed } from '@vectron/base'
import { engine } from '@vectron/contracts'
import { mergeFacets } from './facets.ts'

/** A shard that tells its first `told` values. */
function shardOf(counts: ReadonlyMap<number, number>, told: number): engine.ReadResult {
  const ordered = [...counts].sort(([a, n], [b, m]) => m - n || a - b)
  return create(engine.ReadResultSchema, {
    facets: ordered.slice(0, told).map(([value, count]) => ({
      value: { kind: { case: 'integerValue' as const, value: BigInt(value) } },
      count: BigInt(count),
    })),
    more: ordered.length > told,
  })
}

test('An answer that is called exact is, whatever shards keep to themselves.', () => {
  const seed = testSeed()
  const random = seededRandom(seed)
  let exact = 0
  let open = 0
  for (let round = 0; round < 2000; round++) {
    const shards = Array.from({ length: 1 + random.nextBelow(4) }, () => {
      const counts = new Map<number, number>()
      for (let n = random.nextBelow(30); n > 0; n--) {
        const value = Math.min(random.nextBelow(12), random.nextBelow(12))
        counts.set(value, (counts.get(value) ?? 0) + 1)
      }
      return counts
    })
    const limit = 1 + random.nextBelow(5)
    const told = limit + random.nextBelow(8)
    const sums = new Map<number, number>()
    for (const [value, count] of shards.flatMap((counts) => [...counts])) {
      sums.set(value, (sums.get(value) ?? 0) + count)
    }
    const truth = [...sums].sort(([a, n], [b, m]) => m - n || a - b).slice(0, limit)
    const merged = mergeFacets(
      shards.map((counts) => shardOf(counts, told)),
      limit,
    )
    const found = merged.counts.map(({ value, count }) => [
      Number(value?.kind.value),
      Number(count),
    ])
    if (merged.exact) {
      exact++
      assert.deepEqual(found, truth, `VECTRON_SEED=${seed}`)
    } else open++
  }
  assert.ok(exact > 100 && open > 100, `${exact} exact, ${open} open`)
})
