/** What every strategy keeps, whatever it ranks by: run by the test of each. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom, testSeed } from '@vectron/base'
import { JsonReader } from '@vectron/ranking'
import type { Candidate, RankedCandidate, RankJob, Strategy } from './strategy.ts'

export interface StrategyUnderTest {
  readonly strategy: Strategy
  /** Some that are valid. */
  readonly parameters: readonly object[]
  /** Some that are not, with the path of the field at fault. */
  readonly refused: readonly (readonly [parameters: object, field: string])[]
}

export function testStrategy({ strategy, parameters, refused }: StrategyUnderTest): void {
  const { name } = strategy

  test(`${name}: as many candidates as asked for, each once, the best first, each with a reason`, async () => {
    const seed = testSeed()
    for (const given of parameters) {
      for (const [count, topK] of [
        [1, 1],
        [7, 7],
        [40, 10],
      ] as const) {
        const job = jobOf(madeCandidates(count, seed), topK)
        const ranked = await rankBy(strategy, given, job)
        const what = `VECTRON_SEED=${seed} ${JSON.stringify(given)}`
        assert.equal(ranked.length, topK, what)
        const places = ranked.map(({ place }) => place)
        assert.equal(new Set(places).size, topK, what)
        assert.ok(
          places.every((place) => place >= 0 && place < count),
          what,
        )
        ranked.forEach(({ score, reason }, at) => {
          assert.ok(Number.isFinite(score), what)
          assert.ok(score <= (ranked[at - 1]?.score ?? Infinity) + 1e-9, `${what}: place ${at}`)
          assert.match(reason, /^\S.*$/, what)
        })
      }
    }
  })

  test(`${name}: the same job gives the same order, and is left as it was`, async () => {
    const job = jobOf(madeCandidates(25, 5n), 25)
    const before = structuredClone(job.candidates)
    for (const given of parameters) {
      const once = await rankBy(strategy, given, job)
      assert.deepEqual(await rankBy(strategy, given, job), once)
    }
    assert.deepEqual(job.candidates, before)
  })

  test(`${name}: a longer list begins with the shorter one`, async () => {
    const candidates = madeCandidates(25, 6n)
    for (const given of parameters) {
      const places = async (topK: number) =>
        (await rankBy(strategy, given, jobOf(candidates, topK))).map(({ place }) => place)
      assert.deepEqual((await places(25)).slice(0, 8), await places(8))
    }
  })

  test(`${name}: candidates without payload, text or distance between them are ranked too`, async () => {
    const alike = Array.from({ length: 5 }, () => candidate(0.5, {}, [1, 0, 0, 0]))
    for (const given of parameters) {
      const ranked = await rankBy(strategy, given, { ...jobOf(alike, 5), queryText: '' })
      assert.deepEqual(ranked.map(({ place }) => place).sort(), [0, 1, 2, 3, 4])
    }
  })

  test(`${name}: wrong parameters are refused by their path`, async () => {
    const misspelt: StrategyUnderTest['refused'] = parameters.map((given) => [
      { ...given, nonesuch: 1 },
      'parameters.nonesuch',
    ])
    for (const [given, field] of [...refused, ...misspelt]) {
      await assert.rejects(
        async () => strategy.prepare(new JsonReader(given, 'parameters')),
        { name: 'VectronError', field },
        JSON.stringify(given),
      )
    }
  })
}

export async function rankBy(
  strategy: Strategy,
  parameters: object,
  job: RankJob,
): Promise<readonly RankedCandidate[]> {
  return (await strategy.prepare(new JsonReader(parameters, 'parameters'))).rank(job)
}

export const NOW_MS = Date.UTC(2026, 10, 28)

export function jobOf(candidates: readonly Candidate[], topK = candidates.length): RankJob {
  return {
    queryText: 'red fox',
    higherIsBetter: true,
    candidates,
    topK,
    nowMs: NOW_MS,
    signal: new AbortController().signal,
    breathe: () => undefined,
  }
}

export function candidate(
  score: number,
  payload: Candidate['payload'],
  vector: readonly number[] = [],
): Candidate {
  return { score, payload, vector: Float32Array.from(vector) }
}

const WORDS = ['red', 'fox', 'blue', 'dog', 'the', 'quick']

function madeCandidates(count: number, seed: bigint): Candidate[] {
  const random = seededRandom(seed)
  const some = (most: number) => Array.from({ length: 1 + random.nextBelow(most) })
  const scores = Array.from({ length: count }, () => random.nextFloat()).sort((a, b) => b - a)
  return scores.map((score) => {
    const title = some(6).map(() => WORDS[random.nextBelow(WORDS.length)])
    const day = new Date(NOW_MS - random.nextBelow(100) * 86_400_000).toISOString()
    const payload = { title: title.join(' '), day, stars: random.nextBelow(100), lang: 'en' }
    const vector = Array.from({ length: 4 }, () => random.nextFloat() * 2 - 1)
    return candidate(score, random.nextBelow(5) === 0 ? {} : payload, vector)
  })
}
