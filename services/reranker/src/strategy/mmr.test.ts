import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MMR } from './mmr.ts'
import { candidate, jobOf, rankBy, testStrategy } from './strategy.contract.ts'

testStrategy({
  strategy: MMR,
  parameters: [{}, { lambda: 0.5 }, { lambda: 1 }, { lambda: 0 }],
  refused: [
    [{ lambda: 1.5 }, 'parameters.lambda'],
    [{ lambda: '1' }, 'parameters.lambda'],
  ],
})

test('Of two results that are alike the second makes way for one that is not.', async () => {
  const job = jobOf([
    candidate(0.9, {}, [1, 0]),
    candidate(0.89, {}, [1, 0.01]),
    candidate(0.8, {}, [0, 1]),
    candidate(0.5, {}, [-1, 1]),
  ])
  const order = async (lambda: number) =>
    (await rankBy(MMR, { lambda }, job)).map(({ place }) => place)
  assert.deepEqual(await order(1), [0, 1, 2, 3])
  assert.deepEqual((await order(0.5)).slice(0, 2), [0, 2])
})

test('For distances the lower score is the more relevant one.', async () => {
  const job = jobOf([candidate(1, {}, [1, 0]), candidate(9, {}, [0, 1])])
  const ranked = await rankBy(MMR, { lambda: 1 }, { ...job, higherIsBetter: false })
  assert.deepEqual(ranked, [
    { place: 0, score: 1, reason: 'relevance 1' },
    { place: 1, score: 0, reason: 'relevance 0, 0 like the nearest above' },
  ])
})
