import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom, systemRandom } from './random.ts'

test('one seed gives one sequence, another seed another', () => {
  const draw = (seed: bigint) => {
    const random = seededRandom(seed)
    return Array.from({ length: 50 }, () => random.nextU64())
  }
  assert.deepEqual(draw(7n), draw(7n))
  assert.notDeepEqual(draw(7n), draw(8n))
})

test('the generator is xoshiro256** seeded by SplitMix64', () => {
  // First output for the seed 0: SplitMix64 gives s1 = 0x6e789e6aa1b965f4, so the generator must
  // give rotl(s1 * 5, 7) * 9.
  assert.equal(seededRandom(0n).nextU64(), 0x99ec5f36cb75f2b4n)
})

test('integers below a bound are uniform within five standard deviations', () => {
  const random = seededRandom(1n)
  const counts = new Array<number>(8).fill(0)
  const draws = 80_000
  for (let i = 0; i < draws; i++) counts[random.nextBelow(8)]!++
  const deviation = Math.sqrt(draws * (1 / 8) * (7 / 8))
  for (const count of counts) assert.ok(Math.abs(count - draws / 8) < 5 * deviation, `${counts}`)
})

test('fill covers lengths that are no multiple of eight', () => {
  for (const length of [0, 1, 7, 8, 9, 31]) {
    const a = new Uint8Array(length)
    seededRandom(3n).fill(a)
    const b = new Uint8Array(length)
    seededRandom(3n).fill(b)
    assert.deepEqual(a, b)
  }
  const drawn = new Uint8Array(32)
  systemRandom.fill(drawn)
  assert.ok(drawn.some((byte) => byte !== 0))
})
