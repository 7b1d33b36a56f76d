/**
 * Randomness as a parameter.
 *
 * Everything that draws takes a Random: a seeded one replays a run exactly, the system one is
 * unpredictable. Secrets are drawn from `systemRandom` alone.
 */
import { randomFillSync } from 'node:crypto'
import { assert } from './assert.ts'

export interface Random {
  /** 64 uniform bits. */
  nextU64(): bigint
  /** A uniform number in [0, 1). */
  nextFloat(): number
  /** A uniform integer in [0, bound), for 1 <= bound <= 2^53. */
  nextBelow(bound: number): number
  /** Fills the buffer with uniform bytes. */
  fill(bytes: Uint8Array): void
}

const U64 = (1n << 64n) - 1n
const rotateLeft = (x: bigint, bits: bigint) => ((x << bits) | (x >> (64n - bits))) & U64

/** SplitMix64 (Steele, Lea and Flood 2014): spreads one seed over the state below. */
function splitMix64(seed: bigint): () => bigint {
  let state = seed & U64
  return () => {
    state = (state + 0x9e3779b97f4a7c15n) & U64
    let z = state
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & U64
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & U64
    return z ^ (z >> 31n)
  }
}

/** The same numbers for the same seed: xoshiro256** (Blackman and Vigna 2018). */
export function seededRandom(seed: bigint): Random {
  const next = splitMix64(seed)
  let s0 = next()
  let s1 = next()
  let s2 = next()
  let s3 = next()
  return fromBits(() => {
    const result = (rotateLeft((s1 * 5n) & U64, 7n) * 9n) & U64
    const shifted = (s1 << 17n) & U64
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= shifted
    s3 = rotateLeft(s3, 45n)
    return result
  })
}

/** Drawn from the operating system. */
export const systemRandom: Random = fromBits(() => {
  const bits = new BigUint64Array(1)
  randomFillSync(bits)
  return bits[0]!
})

function fromBits(nextU64: () => bigint): Random {
  const nextFloat = () => Number(nextU64() >> 11n) / 2 ** 53
  return {
    nextU64,
    nextFloat,
    nextBelow(bound) {
      assert(Number.isSafeInteger(bound) && bound >= 1, `bound ${bound} is no positive integer`)
      return Math.floor(nextFloat() * bound)
    },
    fill(bytes) {
      for (let i = 0; i < bytes.length; i += 8) {
        let bits = nextU64()
        for (let j = i; j < Math.min(i + 8, bytes.length); j++) {
          bytes[j] = Number(bits & 0xffn)
          bits >>= 8n
        }
      }
    },
  }
}

/**
 * The seed of a random test: env VECTRON_SEED when set, else a fresh one. Print it, so that a
 * failure can be replayed.
 */
export function testSeed(): bigint {
  const given = process.env['VECTRON_SEED']
  return given === undefined ? systemRandom.nextU64() >> 1n : BigInt(given)
}
