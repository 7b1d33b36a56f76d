/** Columns are known for what they are, and records become the same points each time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { guessColumns } from './guess.ts'
import { type Mapping, parseVector, pointOf } from './mapping.ts'
import { readLayout, readRecords } from './read-file.ts'
import type { FileRecord } from './record.ts'

test('types, ids and vectors of CSV columns are inferred', async () => {
  const file = new Blob([
    'id,emb,title,year,price,sold,at,zip\n',
    'a,"[1,2,3]",One two,1999,1.5,true,2026-01-02T03:04:05Z,01234\n',
    'b,4 5 6,Three,2001,2,false,2026-01-02 03:04,99999\n',
  ])
  const records: FileRecord[] = []
  for await (const one of readRecords(file, await readLayout(file, 'x.csv'))) records.push(one)
  assert.deepEqual(
    guessColumns('csv', records).map(({ column, role, type, dimension }) => [
      column,
      role === 'payload' ? type : role,
      dimension,
    ]),
    [
      ['id', 'id', undefined],
      ['emb', 'vector', 3],
      ['title', 'keyword', undefined],
      ['year', 'integer', undefined],
      ['price', 'float', undefined],
      ['sold', 'bool', undefined],
      ['at', 'datetime', undefined],
      ['zip', 'keyword', undefined],
    ],
  )
})

test('JSON columns: payload objects give their fields, mixed values stay as they are', () => {
  const row = (cells: Record<string, unknown>): FileRecord => ({
    kind: 'row',
    row: 1,
    end: 0,
    cells,
  })
  const guesses = guessColumns('jsonl', [
    row({ key: 1, vector: [1, 2], payload: { a: 1 }, tags: ['x'], mixed: 1 }),
    row({ key: 2, vector: [3, 4], payload: {}, tags: [], mixed: 'one' }),
  ])
  assert.deepEqual(
    guesses.map(({ role, type }) => [role, type]),
    [
      ['id', 'integer'],
      ['vector', 'integer'],
      ['fields', undefined],
      ['payload', 'keyword'],
      ['payload', undefined],
    ],
  )
})

const MAPPING: Mapping = {
  format: 'csv',
  idPrefix: 'row-',
  dimension: 2,
  columns: [
    { column: 'v', role: 'vector', type: undefined },
    { column: 'n', role: 'payload', type: 'integer' },
    { column: 'b', role: 'payload', type: 'bool' },
    { column: 's', role: 'payload', type: 'keyword' },
  ],
}

test('a record becomes a point, or a problem that names the column', () => {
  const good = { v: '[1,2]', n: '7', b: 'TRUE', s: '' }
  const point = { id: 'row-000000012', vector: Float32Array.of(1, 2), payload: { n: 7, b: true } }
  assert.deepEqual(pointOf(12, good, MAPPING), point)
  const problem = (cells: object) => {
    const made = pointOf(1, { ...good, ...cells }, MAPPING)
    return 'problem' in made ? made.problem : ''
  }
  assert.equal(problem({ n: '7.5' }), 'n: "7.5" is no whole number.')
  assert.equal(problem({ v: '[1,x]' }), 'v: not all components are numbers.')
  assert.match(problem({ v: '1 2 3' }), /3 components, where the collection has 2/)
  assert.match(problem({ v: '1 1e99' }), /no number/)
  const byId = {
    ...MAPPING,
    columns: [...MAPPING.columns, { column: 'i', role: 'id', type: undefined }],
  }
  assert.deepEqual(pointOf(1, good, byId as Mapping), { problem: 'The id is missing.' })
  assert.deepEqual(pointOf(1, { ...good, i: 5 }, byId as Mapping), { ...point, id: '5' })
  assert.deepEqual(parseVector(' [ 1 , 2.5 ] '), Float32Array.of(1, 2.5))
})
