import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '@vectron/base'
import type { FeatureSpec } from './linear-model.ts'
import { type JudgedQuery, trainLinear } from './train.ts'

const features: FeatureSpec[] = [{ kind: 'rank' }, { kind: 'number', field: 'stars' }]

/** People like stars; the original order is by chance. */
function starryQueries(count: number): JudgedQuery[] {
  const random = seededRandom(9n)
  return Array.from({ length: count }, (_, at) => {
    const rows = Array.from({ length: 30 }, (_, place) => [1 / (place + 1), random.nextFloat()])
    const grades = rows.map(([, stars = 0]) => (stars > 0.8 ? 1 : 0))
    return { key: `q${at}`, rows, grades, known: grades }
  })
}

test('On queries that it did not see, the order by the model is better than the original.', () => {
  const training = trainLinear(starryQueries(40), { features, seed: 1n, heldOutShare: 0.25 })
  assert.ok(training)
  assert.deepEqual([training.trainedQueries, training.heldOutQueries], [30, 10])
  assert.ok(training.ndcgBefore < 0.5, `before ${training.ndcgBefore}`)
  assert.ok(training.ndcgAfter > 0.95, `after ${training.ndcgAfter}`)
})

test('The same feedback and seed give the same training, in whichever order it is read.', () => {
  const queries = starryQueries(20)
  const options = { features, seed: 3n, heldOutShare: 0.3 }
  const once = trainLinear(queries, options)
  const turned = trainLinear([...queries].reverse(), options)
  assert.deepEqual(turned, once)
  assert.notDeepEqual(trainLinear(queries, { ...options, seed: 4n }), once)
})

test('Relevant points that were not found count against both orders.', () => {
  const [first, ...others] = starryQueries(2)
  assert.ok(first)
  const missing = [first, ...others].map((query) => ({ ...query, known: [...query.known, 4] }))
  const options = { features, seed: 1n, heldOutShare: 0.5 }
  const whole = trainLinear([first, ...others], options)
  const training = trainLinear(missing, options)
  assert.ok((training?.ndcgBefore ?? 1) < (whole?.ndcgBefore ?? 0))
})

test('Without two queries of which something is relevant nothing can be learnt.', () => {
  const [first, second] = starryQueries(2)
  assert.ok(first && second)
  const useless = { ...second, grades: second.grades.map(() => 0), known: [0] }
  const options = { features, seed: 1n, heldOutShare: 0.3 }
  assert.equal(trainLinear([first, useless], options), undefined)
  assert.ok(trainLinear([first, second], options))
})
