/** Filters go through the builder and come out as they went in; what is incomplete is told. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FieldType, Filter } from '@vectron/client'
import { draftOf, filterOf, newCondition, parseScalar, type TypeOf } from './filter-draft.ts'
import { parseFilter, parseFilterText } from './parse-filter.ts'

const TYPES: Readonly<Record<string, FieldType>> = {
  year: 'integer',
  price: 'float',
  sold: 'bool',
  at: 'datetime',
  title: 'keyword',
}
const typeOf: TypeOf = (field) => TYPES[field]

const EVERY_KIND: Filter = {
  must: [
    { field: 'year', match: 1999 },
    { field: 'title', match: '1999' },
    { field: 'mixed', match: '1999' },
    { field: 'mixed', matchAny: [1, 'true', true, 'two words'] },
    { field: 'price', range: { gt: 1.5, lte: 3 } },
    { field: 'at', range: { gte: '2026-01-01T00:00:00Z' } },
    { filter: { should: [{ field: 'sold', match: true }, { hasId: ['a', 'b'] }] } },
  ],
  should: [
    { field: 'year', exists: true },
    { field: 'year', exists: false },
    { field: 'year', isNull: true },
    { field: 'year', isNull: false },
  ],
  mustNot: [{ field: 'title', contains: ['x', 'y'] }],
}

test('every kind of condition survives the way through the builder', () => {
  const { filter, problems } = filterOf(draftOf(EVERY_KIND, typeOf), typeOf)
  assert.deepEqual(filter, EVERY_KIND)
  assert.equal(problems.size, 0)
  assert.deepEqual(parseFilter(EVERY_KIND), { kind: 'filter', filter: EVERY_KIND })
  assert.deepEqual(filterOf([], typeOf).filter, undefined)
})

test('incomplete conditions are told of and left out', () => {
  const wrong = [
    newCondition(),
    newCondition({ field: 'year', values: ['many'] }),
    newCondition({ field: 'year', test: 'range' }),
    newCondition({ test: 'hasId' }),
    newCondition({ test: 'filter', group: [newCondition({ field: 'x' })] }),
  ]
  const good = newCondition({ field: 'year', values: ['7'] })
  const { filter, problems } = filterOf([...wrong, good], typeOf)
  assert.deepEqual(filter, { must: [{ field: 'year', match: 7 }] })
  for (const { key } of wrong) assert.ok(problems.has(key))
})

test('a text is read in the type of its field', () => {
  assert.equal(parseScalar('7', 'keyword'), '7')
  assert.equal(parseScalar('7', undefined), 7)
  assert.equal(parseScalar('"7"', undefined), '7')
  assert.equal(parseScalar('true', 'bool'), true)
  for (const [text, type] of [
    ['7.5', 'integer'],
    ['9007199254740993', 'integer'],
    ['', 'float'],
    ['yes', 'bool'],
  ] as const) {
    assert.equal(typeof parseScalar(text, type), 'object', text)
  }
})

test('what is no filter is told with its place', () => {
  const problemOf = (text: string) => {
    const parsed = parseFilterText(text)
    return parsed.kind === 'wrong' ? parsed.problem : ''
  }
  assert.match(problemOf('[]'), /The filter is an object/)
  assert.match(problemOf('{"all":[]}'), /all: a filter has must/)
  assert.match(problemOf('{"must":[{"match":1}]}'), /must\[0\]\.field names/)
  assert.match(problemOf('{"must":[{"field":"a","match":[]}]}'), /must\[0\]\.match is a text/)
  assert.match(problemOf('{"must":[{"filter":{"should":[{"hasId":[]}]}}]}'), /should\[0\]\.hasId/)
  assert.match(problemOf('{"must":[{"field":"a","match":1,"exists":true}]}'), /has one of/)
  assert.match(problemOf('{'), /JSON/)
})
