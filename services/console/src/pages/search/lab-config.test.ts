/** What the search lab asks: from an address, through the form, to the request. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { draftOf, parseDraft, parseLab, parseVector, toRequest } from './lab-config.ts'

const FULL = {
  topK: 20,
  offset: 5,
  scoreThreshold: 0.25,
  filter: { must: [{ field: 'pos', match: 'noun' }] },
  withPayload: false,
  groupBy: { field: 'pos', groupSize: 2 },
  rerank: { strategy: 'mmr', parameters: { lambda: 0.5 }, limit: 50 },
  exact: true,
  targetRecall: 0.95,
  width: 400,
  consistency: 'strong',
  timeoutMs: 2000,
} as const

test('an address is taken as it was written, and what is not valid is left out', () => {
  const lab = { collection: 'words', by: 'id', q: 'dog', a: FULL, b: {}, tab: 'explain' }
  assert.deepEqual(parseLab(lab), lab)
  assert.deepEqual(parseLab({ ...lab, by: 'magic', a: 7, b: { topK: -1, width: '9' } }), {
    collection: 'words',
    q: 'dog',
    b: {},
    tab: 'explain',
  })
})

test('the router parses what looks like JSON; a vector and a number stay a question', () => {
  assert.equal(parseLab({ q: [0.1, -2] }).q, '[0.1,-2]')
  assert.equal(parseLab({ q: 42 }).q, '42')
})

test('the form gives back the config that it was made of', () => {
  assert.deepEqual(parseDraft(draftOf(FULL)), { config: FULL })
  assert.deepEqual(parseDraft(draftOf({})), { config: {} })
  const preset = { rerank: { preset: 'news' } }
  assert.deepEqual(parseDraft(draftOf(preset)), { config: preset })
})

test('one condition stands for a filter', () => {
  const draft = { ...draftOf({}), filter: '{"field":"pos","match":"noun"}' }
  const filter = { must: [{ field: 'pos', match: 'noun' }] }
  assert.deepEqual(parseDraft(draft), { config: { filter } })
})

test('what is wrong is said of its field, all at once', () => {
  const wrong = { topK: '0', width: 'wide', filter: '{', targetRecall: '2', rerankLimit: '1001' }
  const parsed = parseDraft({ ...draftOf({}), ...wrong })
  assert.ok('errors' in parsed)
  assert.deepEqual(Object.keys(parsed.errors).sort(), Object.keys(wrong).sort())
  assert.match(parsed.errors.filter ?? '', /Not valid JSON/)
  assert.equal(parsed.errors.topK, 'A whole number, 1 to 10,000')
})

test('vectors are read however they were pasted, and counted', () => {
  for (const text of ['[0.5, -1, 2e-3]', '0.5,-1,0.002', '0.5 -1\n0.002']) {
    assert.deepEqual(parseVector(text, 3), [0.5, -1, 0.002])
  }
  assert.throws(() => parseVector('1, two, 3'), /"two" is no number \(place 2\)/)
  assert.throws(() => parseVector('1, 2', 3), /2 numbers, but .* the dimension 3/)
  assert.throws(() => parseVector(' '), /Paste/)
})

test('a filter alone is no search', () => {
  assert.equal(toRequest({ by: 'filter' }, FULL), undefined)
  assert.deepEqual(toRequest({ q: 'a dog' }, { topK: 3 }), { text: 'a dog', topK: 3 })
})
