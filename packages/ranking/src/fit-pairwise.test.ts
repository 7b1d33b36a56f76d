import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '@vectron/base'
import { decay, featuresOf } from './features.ts'
import { fitPairwise, type LabelledQuery } from './fit-pairwise.ts'
import {
  type FeatureSpec,
  formatLinearModel,
  parseFeatures,
  parseLinearModel,
  scoreLinear,
} from './linear-model.ts'
import { ndcgAt } from './ndcg.ts'
import { orderByScore } from './normalise.ts'

const FEATURES: FeatureSpec[] = [
  { kind: 'number', field: 'good' },
  { kind: 'number', field: 'bad' },
  { kind: 'number', field: 'noise' },
]

/** Queries whose grades follow from two features and ignore the third. */
function madeQueries(count: number, seed: bigint): LabelledQuery[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => {
    const rows = Array.from({ length: 20 }, () => [
      random.nextFloat(),
      100 * random.nextFloat(),
      random.nextFloat(),
    ])
    const grades = rows.map(([good = 0, bad = 0]) => (good - bad / 200 > 0.3 ? 1 : 0))
    return { rows, grades }
  })
}

function meanNdcg(queries: readonly LabelledQuery[], score: (row: readonly number[]) => number) {
  const each = queries.flatMap(({ rows, grades }) => {
    const order = orderByScore(rows.map(score))
    return (
      ndcgAt(
        10,
        order.map((place) => grades[place] ?? 0),
      ) ?? []
    )
  })
  return each.reduce((a, b) => a + b, 0) / each.length
}

test('What the grades follow from is found, on queries that were not seen.', () => {
  const model = fitPairwise(madeQueries(40, 1n), { features: FEATURES, seed: 7n })
  const [good = 0, bad = 0, noise = 0] = model.weights
  assert.ok(good > 0 && bad < 0)
  assert.ok(Math.abs(noise) < 0.2 * Math.min(good, -bad), `weights ${model.weights}`)
  const unseen = madeQueries(40, 2n)
  assert.ok(meanNdcg(unseen, (row) => scoreLinear(model, row)) > 0.97)
  assert.ok(meanNdcg(unseen, (row) => row[2] ?? 0) < 0.8)
})

test('The same data and seed give the same model, to the last bit.', () => {
  const train = () => fitPairwise(madeQueries(10, 3n), { features: FEATURES, seed: 7n })
  assert.deepEqual(train(), train())
})

test('Without any judged pair all weights are 0, and the order stays as it was.', () => {
  const queries = [{ rows: [[1], [2]], grades: [1, 1] }]
  const features: FeatureSpec[] = [{ kind: 'rank' }]
  assert.deepEqual(fitPairwise(queries, { features, seed: 1n }).weights, [0])
})

test('A model is read back as it was written, and a broken one is refused by its field.', () => {
  const model = fitPairwise(madeQueries(5, 3n), { features: FEATURES, seed: 7n })
  const text = formatLinearModel(model, { seed: 7 })
  assert.deepEqual(parseLinearModel(text, 'model'), model)
  const refuses = (change: (fields: Record<string, unknown>) => void, field: string) => {
    const fields = JSON.parse(text)
    change(fields)
    assert.throws(() => parseLinearModel(JSON.stringify(fields), 'model'), { field })
  }
  refuses((fields) => Object.assign(fields, { format: 'other' }), 'model.format')
  refuses((fields) => Object.assign(fields, { weights: [1] }), 'model.weights')
  refuses((fields) => Object.assign(fields, { scales: [1, 0, 1] }), 'model.scales')
  refuses((fields) => Object.assign(fields, { wieghts: [1] }), 'model.wieghts')
  refuses((fields) => Object.assign(fields, { means: [1, 'x', 2] }), 'model.means[1]')
  assert.throws(() => parseLinearModel('{', 'model'), { reason: 'INVALID_JSON' })
  assert.throws(() => parseFeatures('{"features": [{"kind": "luck"}]}', 'f'), {
    field: 'f.features[0].kind',
  })
})

test('Features are the numbers of their table.', () => {
  const nowMs = Date.UTC(2026, 5, 1)
  const specs: FeatureSpec[] = [
    { kind: 'score' },
    { kind: 'rank' },
    { kind: 'coverage', fields: ['title', 'tags.name'] },
    { kind: 'phrase', fields: ['title'] },
    { kind: 'recency', field: 'day', halfLifeDays: 10 },
    { kind: 'number', field: 'stars' },
  ]
  const query = { text: 'Red Fox', nowMs, higherIsBetter: false }
  const rows = featuresOf(specs, query, [
    { score: 1, payload: { title: 'A RED fox', day: '2026-05-22', stars: 4 } },
    { score: 2, payload: { title: 'fox', tags: [{ name: 'red' }], stars: [7, 8] } },
    { score: 5, payload: {} },
  ])
  assert.deepEqual(rows, [
    [1, 1, 1, 1, 0.5, 4],
    [0.75, 1 / 2, 1, 0, Number.NaN, 7],
    [0, 1 / 3, 0, 0, Number.NaN, Number.NaN],
  ])
  assert.equal(decay(-5, 10), 1)
})
