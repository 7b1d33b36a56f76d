/** Slow queries: what filters let through, and what one of them says. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SlowQuery } from '@vectron/client'
import { inOrder, labOf, namesOf, prettyFilter, shownQueries, slowestStage } from './slow-rows.ts'

function query(more: Partial<SlowQuery> = {}): SlowQuery {
  return {
    time: '2026-11-28T12:00:00Z',
    project: 'default',
    collection: 'books',
    method: 'Search',
    requestId: 'r',
    traceId: '',
    outcome: 'OK',
    tookUs: 1000,
    stages: [],
    target: 'vector',
    count: 1,
    topK: 10,
    filter: '',
    shardsTotal: 1,
    shardsAnswered: 1,
    ...more,
  }
}

test('every part of a filter narrows', () => {
  const queries = [
    query(),
    query({ collection: 'atlas', tookUs: 5000 }),
    query({ method: 'GetPoint', outcome: 'TIMED_OUT', tookUs: 9000 }),
  ]
  const shown = (filter: Parameters<typeof shownQueries>[1]) =>
    shownQueries(queries, filter).map((one) => queries.indexOf(one))
  assert.deepEqual(shown({}), [0, 1, 2])
  assert.deepEqual(shown({ collection: 'atlas' }), [1])
  assert.deepEqual(shown({ method: 'GetPoint' }), [2])
  assert.deepEqual(shown({ outcome: 'ok' }), [0, 1])
  assert.deepEqual(shown({ outcome: 'failed', least: 9 }), [2])
  assert.deepEqual(shown({ least: 10 }), [])
  assert.deepEqual(namesOf(queries, 'collection'), ['atlas', 'books'])
})

test('stages come in the order in which they began; the longest is told', () => {
  const stages = [
    { name: 'merge', startUs: 600, tookUs: 400, detail: '' },
    { name: 'fan_out', startUs: 0, tookUs: 500, detail: '' },
  ]
  assert.deepEqual(
    inOrder(stages).map(({ name }) => name),
    ['fan_out', 'merge'],
  )
  assert.equal(slowestStage({ stages }), 'fan out')
  assert.equal(slowestStage({ stages: [] }), undefined)
})

test('a filter that was cut stays as it is', () => {
  assert.equal(prettyFilter('{"a":1}'), '{\n  "a": 1\n}')
  assert.equal(prettyFilter('{"a":'), '{"a":')
})

test('the lab asks again with the same filter and top k, of what kind the query was', () => {
  const filter = { must: [{ field: 'color', match: 'red' }] }
  const text = JSON.stringify({ ...filter, should: [], mustNot: [] })
  const collection = 'books'
  assert.deepEqual(labOf(query({ target: 'text', topK: 25, filter: text })), {
    collection,
    by: 'text',
    a: { topK: 25, filter },
  })
  assert.deepEqual(labOf(query({ method: 'CountPoints', target: '', topK: 0, filter: text })), {
    collection,
    by: 'filter',
    a: { filter },
  })
  // Several kinds in a batch: the person chooses.
  assert.deepEqual(labOf(query({ target: 'id, vector' })), { collection, a: {} })
  assert.deepEqual(labOf(query({ filter: '{"must":[{"fie...' })), {
    collection,
    by: 'vector',
    a: {},
  })
  assert.equal(labOf(query({ method: 'GetPoint', target: '' })), undefined)
})
