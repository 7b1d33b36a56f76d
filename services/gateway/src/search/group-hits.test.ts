// Proves that the search for groups ends where hits bring no new ones, and says so. That groups are
// the right ones is proved against the engine (tests/conformance/group-by.test.ts).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { assertDefined, LIMITS } from '@vectron/base'
import { vectron, wire } from '@vectron/contracts'
import { groupedSteps } from './group-hits.ts'
import type { MergedHits } from './merge.ts'
import type { Leg } from './search-steps.ts'

const leg: Leg = {
  query: {
    target: { kind: 'vector', vector: new Uint8Array(4) },
    topK: 10,
    filter: undefined,
    withPayload: false,
    withVector: false,
    exact: true,
    targetRecall: 0.98,
    explain: false,
    excludeIds: [],
  },
  order: vectron.Metric.L2,
  partitions: undefined,
  prefix: '',
}
const plan = { field: 'of', size: 2, namedAt: 'groupBy.field' }
const window = { topK: 3, offset: 0, threshold: undefined, page: undefined }

/** Hits of one value, in an array: by value they cannot be left out. */
function hitsOf(count: number, from: number): MergedHits {
  const payload = Buffer.from('{"of":["a"]}')
  const places = Array.from({ length: count }, (_, place) => from + place)
  return {
    points: places.map((place) =>
      toBinary(
        wire.ScoredPointSchema,
        create(wire.ScoredPointSchema, { id: `p${place}`, score: place, payload }),
      ),
    ),
    scores: places,
    exact: true,
    matches: undefined,
    warnings: [],
    plans: [],
  }
}

test('The search for groups ends after a bounded number of steps, and says that it did.', () => {
  const steps = groupedSteps(leg, plan, window)
  let asked = 0
  let from = 0
  let step = steps.next()
  while (!step.done) {
    const { query } = assertDefined(step.value[0], 'one query')
    asked++
    assert.ok(asked <= LIMITS.groupRoundsMax, 'it ends')
    step = steps.next([hitsOf(query.topK, from)])
    from += query.topK
  }
  const { groups, exact, truncatedBy } = step.value
  assert.deepEqual([groups.length, groups[0]?.points.length, exact], [1, 2, false])
  assert.match(truncatedBy[0] ?? '', /^groups were looked for \d+ times: there may be others$/)
})

test('Points with arrays are asked for again by no step that has seen them.', () => {
  const steps = groupedSteps(leg, plan, window)
  const [first] = steps.next().value as Leg[]
  assert.ok(first)
  const [second] = steps.next([hitsOf(first.query.topK, 0)]).value as Leg[]
  const { mustNot } = fromBinary(vectron.FilterSchema, second?.query.filter ?? new Uint8Array())
  const left = mustNot.find(({ test: { case: kind } }) => kind === 'hasId')?.test.value
  assert.equal((left as vectron.Ids).values.length, first.query.topK)
})
