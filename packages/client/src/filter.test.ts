/** Proves that the builder gives the API's form, and that its types refuse mistakes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Filter, where } from './filter.ts'

interface Book {
  title: string
  year: number
  tags: string[]
  sold?: boolean
  author: { name: string; born: number }
}

const { all, any, none, field, hasId } = where<Book>()

test('each test of a field has its form', () => {
  assert.deepEqual(
    all(
      field('title').is('x'),
      field('tags').is('a'),
      field('year').isOneOf([1, 2]),
      field('author.born').inRange({ gte: 1900, lt: 2000 }),
      field('sold').exists(),
      field('sold').isMissing(),
      field('author.name').isNull(),
      field('tags').containsAll(['a', 'b']),
      hasId('i', 'j'),
    ),
    {
      must: [
        { field: 'title', match: 'x' },
        { field: 'tags', match: 'a' },
        { field: 'year', matchAny: [1, 2] },
        { field: 'author.born', range: { gte: 1900, lt: 2000 } },
        { field: 'sold', exists: true },
        { field: 'sold', exists: false },
        { field: 'author.name', isNull: true },
        { field: 'tags', contains: ['a', 'b'] },
        { hasId: ['i', 'j'] },
      ],
    },
  )
})

test('filters nest', () => {
  assert.deepEqual(all(field('sold').is(true), any(field('year').is(1), none(hasId('x')))), {
    must: [
      { field: 'sold', match: true },
      {
        filter: {
          should: [{ field: 'year', match: 1 }, { filter: { mustNot: [{ hasId: ['x'] }] } }],
        },
      },
    ],
  })
})

test('plain objects are filters too, typed by the payload', () => {
  const filter: Filter<Book> = { must: [{ field: 'author.born', range: { gt: 1950 } }] }
  assert.equal(filter.must?.length, 1)
})

test('misspelt fields and wrong types do not compile', () => {
  // @ts-expect-error no such field
  field('yaer')
  // @ts-expect-error a number is wanted
  field('year').is('1999')
  // @ts-expect-error a string is wanted
  field('tags').containsAll([1])
  // @ts-expect-error no such nested field
  field('author.age')
  // @ts-expect-error the value has another type
  const filter: Filter<Book> = { must: [{ field: 'sold', match: 'yes' }] }
  assert.ok(filter)
})

test('payloads of unknown shape take any field', () => {
  const anything = where()
  assert.deepEqual(anything.any(anything.field('x.y').is(1)), {
    should: [{ field: 'x.y', match: 1 }],
  })
})
