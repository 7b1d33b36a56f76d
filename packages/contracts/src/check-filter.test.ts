import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { LIMITS } from '@vectron/base'
import { checkFilter, takeEncodedFilter, takeFilter } from './check-filter.ts'
import * as vectron from './vectron.ts'

type FilterInit = MessageInitShape<typeof vectron.FilterSchema>
type ConditionInit = MessageInitShape<typeof vectron.ConditionSchema>

const one = { kind: { case: 'integerValue', value: 1n } } as const
const match: ConditionInit = { field: 'a', test: { case: 'match', value: one } }

const filterOf = (init: FilterInit) => create(vectron.FilterSchema, init)

function nested(levels: number): FilterInit {
  let filter: FilterInit = { must: [match] }
  for (let i = 1; i < levels; i++) {
    filter = { must: [{ test: { case: 'filter', value: filter } }] }
  }
  return filter
}

test('Every kind of condition passes when it says one thing.', () => {
  const conditions: ConditionInit[] = [
    match,
    { field: 'a', test: { case: 'matchAny', value: { values: [one] } } },
    { field: 'a', test: { case: 'range', value: { gte: one } } },
    { field: 'a', test: { case: 'exists', value: false } },
    { field: 'a', test: { case: 'isNull', value: true } },
    { field: 'a', test: { case: 'contains', value: { values: [one] } } },
    { test: { case: 'hasId', value: { values: ['x'] } } },
    { test: { case: 'filter', value: { mustNot: [match] } } },
  ]
  checkFilter(filterOf({ must: conditions, should: conditions, mustNot: conditions }), 'filter')
})

test('A condition that says nothing, or two things, is refused by its path.', () => {
  const refuses = (init: FilterInit, path: string) =>
    assert.throws(() => checkFilter(filterOf(init), 'filter'), {
      reason: 'INVALID_FILTER',
      field: path,
    })
  refuses({ must: [match, { field: 'a' }] }, 'filter.must[1]')
  refuses({ should: [{ test: match.test! }] }, 'filter.should[0]')
  refuses(
    { mustNot: [{ field: 'a', test: { case: 'range', value: {} } }] },
    'filter.mustNot[0].range',
  )
  refuses({ must: [{ field: 'a', test: { case: 'match', value: {} } }] }, 'filter.must[0].match')
  refuses(
    { must: [{ field: 'a', test: { case: 'hasId', value: { values: ['x'] } } }] },
    'filter.must[0]',
  )
  const inner: ConditionInit = { test: { case: 'filter', value: { must: [{ field: 'a' }] } } }
  refuses({ must: [inner] }, 'filter.must[0].filter.must[0]')
  const nan = { kind: { case: 'floatValue', value: Number.NaN } } as const
  refuses({ must: [{ field: 'a', test: { case: 'match', value: nan } }] }, 'filter.must[0].match')
  refuses({ must: [{ ...match, field: 'x'.repeat(257) }] }, 'filter.must[0]')
})

test('Depth, conditions and values are limited, nested ones included.', () => {
  checkFilter(filterOf(nested(LIMITS.filterDepthMax)), 'filter')
  const refuses = (init: FilterInit, message: RegExp) =>
    assert.throws(() => checkFilter(filterOf(init), 'filter'), { message })
  refuses(nested(LIMITS.filterDepthMax + 1), /deeper than 16/)
  refuses({ must: Array(1025).fill(match) }, /more than 1024 conditions/)
  const values = Array(40_000).fill('x')
  const ids: ConditionInit = { test: { case: 'hasId', value: { values } } }
  refuses({ must: [ids], mustNot: [ids] }, /above 65536 values/)
})

test('A filter that matches everything is none; bytes that are no filter are refused.', () => {
  assert.equal(takeEncodedFilter(undefined, 'filter'), undefined)
  assert.equal(takeEncodedFilter(new Uint8Array(), 'filter'), undefined)
  assert.equal(takeFilter(filterOf({}), 'filter'), undefined)
  const encoded = toBinary(vectron.FilterSchema, filterOf({ must: [match] }))
  assert.equal(takeEncodedFilter(encoded, 'filter'), encoded)
  assert.throws(() => takeEncodedFilter(Uint8Array.of(0x0a, 0x09), 'filter'), {
    reason: 'INVALID_FILTER',
  })
})
