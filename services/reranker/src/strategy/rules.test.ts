import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RULES } from './rules.ts'
import { candidate, jobOf, NOW_MS, rankBy, testStrategy } from './strategy.contract.ts'

const rules = (...list: unknown[]) => ({ rules: list })
const first = 'parameters.rules[0]'

testStrategy({
  strategy: RULES,
  parameters: [
    rules({ kind: 'termMatch', fields: ['title'], boost: 0.5 }),
    rules(
      { kind: 'phrase', fields: ['title'], boost: 1, name: 'exact title' },
      { kind: 'recency', field: 'day', halfLifeDays: 30, boost: 0.3 },
      { kind: 'decay', field: 'day', halfLifeDays: 30, factor: 0.2 },
      { kind: 'number', field: 'stars', from: 0, to: 100, boost: 0.2 },
      { kind: 'equals', field: 'lang', value: 'en', factor: 2 },
      { kind: 'termMatch', fields: ['title'], query: 'blue dog', boost: -0.5 },
    ),
  ],
  refused: [
    [{}, 'parameters.rules'],
    [{ rules: {} }, 'parameters.rules'],
    [{ rules: [] }, 'parameters.rules'],
    [rules('boost'), first],
    [rules({ kind: 'luck', boost: 1 }), `${first}.kind`],
    [rules({ kind: 'phrase', fields: ['title'] }), `${first}.boost`],
    [rules({ kind: 'phrase', fields: ['title'], boost: 1, factor: 2 }), `${first}.factor`],
    [rules({ kind: 'phrase', fields: ['title'], factor: -1 }), `${first}.factor`],
    [rules({ kind: 'phrase', fields: ['title'], boost: 1000 }), `${first}.boost`],
    [rules({ kind: 'phrase', fields: [], boost: 1 }), `${first}.fields`],
    [rules({ kind: 'phrase', field: 'title', boost: 1 }), `${first}.fields`],
    [rules({ kind: 'recency', field: 'day', boost: 1 }), `${first}.halfLifeDays`],
    [rules({ kind: 'recency', field: 'day', halfLifeDays: 0, boost: 1 }), `${first}.halfLifeDays`],
    [rules({ kind: 'number', field: 'stars', from: 1, to: 1, boost: 1 }), `${first}.to`],
    [rules({ kind: 'equals', field: 'lang', value: {}, boost: 1 }), `${first}.value`],
    [rules({ kind: 'equals', field: 'lang', value: 1, boost: 1, weight: 1 }), `${first}.weight`],
  ],
})

async function scoresOf(rule: object, payloads: readonly object[]): Promise<number[]> {
  // Equal scores: each begins with 1.
  const job = jobOf(payloads.map((payload) => candidate(0.5, payload as never)))
  const scores: number[] = []
  for (const { place, score } of await rankBy(RULES, rules(rule), job)) scores[place] = score
  return scores
}

test('Each kind of rule has the strength of its definition.', async () => {
  const day = (ago: number) => new Date(NOW_MS - ago * 86_400_000).toISOString()
  const days = [{ day: day(0) }, { day: day(30) }, { day: day(-9) }, {}, { day: 'soon' }]
  assert.deepEqual(
    await scoresOf({ kind: 'termMatch', fields: ['t', 'u'], boost: 1 }, [
      { t: 'The RED fox' },
      { t: 'red', u: 'Fox!' },
      { t: 'red' },
      { t: 'redder' },
    ]),
    [2, 2, 1.5, 1],
  )
  assert.deepEqual(
    await scoresOf({ kind: 'phrase', fields: ['t'], boost: 1 }, [
      { t: 'a red fox.' },
      { t: 'fox red' },
      { t: ['no', 'Red Fox'] },
      { t: ['red', 'fox'] },
    ]),
    [2, 1, 2, 1],
  )
  const recency = { kind: 'recency', field: 'day', halfLifeDays: 30, boost: 1 }
  assert.deepEqual(await scoresOf(recency, days), [2, 1.5, 2, 1, 1])
  const decay = { kind: 'decay', field: 'day', halfLifeDays: 30, factor: 0 }
  assert.deepEqual(await scoresOf(decay, days), [1, 0.5, 1, 1, 1])
  assert.deepEqual(
    await scoresOf({ kind: 'number', field: 'a.n', from: 10, to: 20, boost: 1 }, [
      { a: { n: 15 } },
      { a: { n: 5 } },
      { 'a.n': 99 },
      { a: 15 },
    ]),
    [1.5, 1, 2, 1],
  )
  assert.deepEqual(
    await scoresOf({ kind: 'equals', field: 'tags', value: 'x', boost: 1 }, [
      { tags: ['y', 'x'] },
      { tags: 'x' },
      { tags: 'xx' },
    ]),
    [2, 2, 1],
  )
})

test('Rules act in their order, and the reason tells each that did.', async () => {
  const given = rules(
    { kind: 'equals', field: 'a', value: true, boost: 0.5 },
    { kind: 'equals', field: 'b', value: true, factor: 3, name: 'b counts' },
    { kind: 'equals', field: 'c', value: true, boost: 9 },
  )
  const [best] = await rankBy(RULES, given, jobOf([candidate(1, { a: true, b: true })]))
  assert.deepEqual(best, {
    place: 0,
    score: 4.5,
    reason: 'relevance 1 +0.5 equals(a) ×3 b counts',
  })
})
