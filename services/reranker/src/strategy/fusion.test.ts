import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FUSION } from './fusion.ts'
import { candidate, jobOf, rankBy, testStrategy } from './strategy.contract.ts'

const ALL = [
  { by: 'score' },
  { by: 'words', fields: ['title'], weight: 2 },
  { by: 'field', field: 'stars' },
  { by: 'field', field: 'day', order: 'ascending', weight: 0.5 },
]

testStrategy({
  strategy: FUSION,
  parameters: [
    { rankings: [{ by: 'score' }] },
    { rankings: ALL },
    { rankings: ALL, method: 'scores' },
    { rankings: ALL, k: 1 },
  ],
  refused: [
    [{}, 'parameters.rankings'],
    [{ rankings: [] }, 'parameters.rankings'],
    [{ rankings: [{ by: 'luck' }] }, 'parameters.rankings[0].by'],
    [{ rankings: [{ by: 'words' }] }, 'parameters.rankings[0].fields'],
    [{ rankings: [{ by: 'words', fields: [''] }] }, 'parameters.rankings[0].fields[0]'],
    [{ rankings: [{ by: 'score', weight: -1 }] }, 'parameters.rankings[0].weight'],
    [{ rankings: [{ by: 'score', field: 'x' }] }, 'parameters.rankings[0].field'],
    [{ rankings: [{ by: 'score' }], method: 'sums' }, 'parameters.method'],
  ],
})

const JOB = jobOf([
  candidate(0.9, { title: 'a blue dog', stars: 1 }),
  candidate(0.8, { title: 'a red fox', stars: 2 }),
  candidate(0.1, { stars: 3 }),
])

test('By ranks the scores are the sums of weight / (k + rank).', async () => {
  const rankings = [{ by: 'score' }, { by: 'words', fields: ['title'], weight: 2 }]
  const ranked = await rankBy(FUSION, { rankings }, JOB)
  assert.deepEqual(
    ranked.map(({ place, score }) => [place, score]),
    [
      [1, 1 / 62 + 2 / 61],
      [0, 1 / 61],
      [2, 1 / 63],
    ],
  )
  assert.match(ranked[1]?.reason ?? '', /rank 1 by score, not by words\(title\)/)
})

test('By scores it is the weighted sum of what each has of its range.', async () => {
  const rankings = [{ by: 'score' }, { by: 'field', field: 'stars', weight: 3 }]
  const ranked = await rankBy(FUSION, { rankings, method: 'scores' }, JOB)
  assert.deepEqual(
    ranked.map(({ place }) => place),
    [2, 1, 0],
  )
  assert.equal(ranked[0]?.score, 3)
})
