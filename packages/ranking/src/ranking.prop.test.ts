import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Random, seededRandom, testSeed } from '@vectron/base'
import { fuseRanks, fuseScores, RRF_K } from './fuse.ts'
import { cosineSimilarity, selectDiverse } from './mmr.ts'
import { ndcgAt } from './ndcg.ts'
import { normaliseScores, orderByScore } from './normalise.ts'

const RUNS = 300

function forMany(name: string, check: (random: Random) => void): void {
  test(name, () => {
    const seed = testSeed()
    for (let run = 0n; run < RUNS; run++) {
      try {
        check(seededRandom(seed + run))
      } catch (cause) {
        throw new Error(`VECTRON_SEED=${seed + run}`, { cause })
      }
    }
  })
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, at: random.nextFloat() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}

const upTo = (count: number) => Array.from({ length: count }, (_, at) => at)
const floats = (count: number, random: Random) => upTo(count).map(() => random.nextFloat() * 8 - 4)

test('The fusion of ranks has the values of its definition.', () => {
  const fused = fuseRanks([{ keys: ['a', 'b'] }, { keys: ['b', 'c'], weight: 2 }])
  assert.equal(RRF_K, 60)
  assert.deepEqual(
    [...fused],
    [
      ['a', 1 / 61],
      ['b', 1 / 62 + 2 / 61],
      ['c', 2 / 62],
    ],
  )
})

forMany('One ranking fused alone keeps its order; who is first everywhere stays first.', (r) => {
  const keys = shuffled(upTo(1 + r.nextBelow(40)), r)
  const alone = fuseRanks([{ keys, weight: 0.1 + r.nextFloat() }])
  assert.deepEqual(
    [...alone].sort((a, b) => b[1] - a[1]).map(([key]) => key),
    keys,
  )
  const [first, ...others] = keys
  const lists = upTo(4).map(() => ({ keys: [first, ...shuffled(others, r)] }))
  const fused = [...fuseRanks(lists)]
  const best = Math.max(...fused.map(([, value]) => value))
  assert.equal(fused.find(([, value]) => value === best)?.[0], first)
})

forMany('A key that rises in one ranking does not fall in the fused one.', (r) => {
  const keys = shuffled(upTo(2 + r.nextBelow(20)), r)
  const other = { keys: shuffled(keys, r), weight: r.nextFloat() }
  const at = 1 + r.nextBelow(keys.length - 1)
  const key = keys[at] as number
  const raised = [key, ...keys.filter((one) => one !== key)]
  const before = fuseRanks([{ keys }, other]).get(key) as number
  const after = fuseRanks([{ keys: raised }, other]).get(key) as number
  assert.ok(after > before)
})

forMany('Normalised scores lie on [0, 1] and keep the order, distances turned round.', (r) => {
  const scores = floats(1 + r.nextBelow(30), r)
  const near = normaliseScores(scores, true)
  const far = normaliseScores(scores, false)
  near.forEach((score, at) => {
    assert.ok(score >= 0 && score <= 1)
    if (new Set(scores).size > 1) assert.ok(Math.abs(score + (far[at] ?? 0) - 1) < 1e-9)
  })
  assert.deepEqual(orderByScore(near), orderByScore(scores))
})

forMany('Scores of which one list has all the weight are those of that list.', (r) => {
  const scores = normaliseScores(floats(12, r), true)
  const list = (weight: number, values: number[]) => ({
    weight,
    scores: new Map(values.map((score, at) => [at, score])),
  })
  const fused = fuseScores([list(1, scores), list(0, floats(12, r))])
  assert.deepEqual([...fused.values()], scores)
})

forMany('MMR chooses each once, the most relevant first; with lambda 1 by relevance.', (r) => {
  const vectors = upTo(1 + r.nextBelow(25)).map(() => Float32Array.from(floats(3, r)))
  const relevance = vectors.map(() => r.nextFloat())
  const similarity = (a: number, b: number) =>
    cosineSimilarity(vectors[a] as Float32Array, vectors[b] as Float32Array)
  const count = vectors.length
  const order = (lambda: number) =>
    [...selectDiverse({ relevance, similarity, lambda, count })].map(({ place }) => place)
  const mixed = order(0.5)
  assert.deepEqual(
    [...mixed].sort((a, b) => a - b),
    upTo(count),
  )
  assert.equal(mixed[0], orderByScore(relevance)[0])
  assert.deepEqual(order(1), orderByScore(relevance))
})

forMany('MMR is the choice of its definition, step by step.', (r) => {
  const count = 2 + r.nextBelow(8)
  const likeness = upTo(count).map(() => upTo(count).map(() => r.nextFloat()))
  const similarity = (a: number, b: number) => likeness[Math.min(a, b)]?.[Math.max(a, b)] as number
  const relevance = upTo(count).map(() => r.nextFloat())
  const lambda = r.nextFloat()
  const chosen: number[] = []
  while (chosen.length < count) {
    const scores = upTo(count).map((place) => {
      if (chosen.includes(place)) return -Infinity
      const near = chosen.map((other) => similarity(place, other))
      return lambda * (relevance[place] as number) - (1 - lambda) * Math.max(...near, 0)
    })
    chosen.push(scores.indexOf(Math.max(...scores)))
  }
  const got = [...selectDiverse({ relevance, similarity, lambda, count })]
  assert.deepEqual(
    got.map(({ place }) => place),
    chosen,
  )
})

test('nDCG has the value of a worked example.', () => {
  // Grades 3, 2, 3, 0, 1, 2 with the gain 2^grade - 1.
  const grades = [3, 2, 3, 0, 1, 2]
  const gains = [7, 3, 7, 0, 1, 3].map((gain, at) => gain / Math.log2(at + 2))
  const ideal = [7, 7, 3, 3, 1, 0].map((gain, at) => gain / Math.log2(at + 2))
  const sum = (values: number[]) => values.reduce((a, b) => a + b, 0)
  assert.equal(ndcgAt(10, grades), sum(gains) / sum(ideal))
  assert.equal(ndcgAt(10, [0, 0]), undefined)
  assert.equal(ndcgAt(1, [0, 1]), 0)
  assert.ok((ndcgAt(10, [1], [1, 3]) ?? 1) < 1, 'a point that was not found counts')
})

forMany('nDCG is 1 for the best order, and no order is above it.', (r) => {
  const grades = upTo(1 + r.nextBelow(20)).map(() => r.nextBelow(4))
  const best = ndcgAt(
    10,
    [...grades].sort((a, b) => b - a),
  )
  const any = ndcgAt(10, grades)
  if (any === undefined) return assert.ok(grades.every((grade) => grade === 0))
  assert.equal(best, 1)
  assert.ok(any >= 0 && any <= 1 + 1e-12)
})
