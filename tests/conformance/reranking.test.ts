// Searches that are reranked, over both protocols: every strategy that needs nothing from outside,
// the fields that results carry, presets, batches and streams, and how parameters are refused.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { BothProtocols } from './both-protocols.ts'
import type { Answer, Json } from './exchanges.ts'
import { startTestVectron, type TestVectron } from './running-vectron.ts'

const SHARDS = 3
const collection = 'films'
/** Times and caches are of the moment. */
const passing = ['tookUs', 'cache']

let running: TestVectron
let both: BothProtocols

const FILMS = [
  { id: 'f0', vector: [1, 0, 0], payload: { title: 'Night Train', year: 1999, lang: 'en' } },
  { id: 'f1', vector: [1, 0.05, 0], payload: { title: 'Night Trains', year: 1998, lang: 'en' } },
  {
    id: 'f2',
    vector: [1, 0.3, 0],
    payload: { title: 'The train at night', year: 2024, lang: 'de' },
  },
  { id: 'f3', vector: [1, 0, 0.9], payload: { title: 'Le train', year: 2020, lang: 'fr' } },
  { id: 'f4', vector: [0, 1, 0], payload: { title: 'Boats', year: 2025, lang: 'en' } },
]

before(async () => {
  running = await startTestVectron()
  both = await BothProtocols.open(running)
  const create = { name: collection, dimension: 3, shardCount: SHARDS }
  await both.change('createCollection', create)
  await both.change('upsertPoints', { collection, points: FILMS })
})

after(() => running.close())

function search(rerank: Json, more: { [name: string]: Json } = {}): Promise<Answer> {
  return both.ask('search', { collection, vector: [1, 0, 0], rerank, ...more }, passing)
}

const idsOf = (answer: Answer) => answer.results.map(({ id }: Answer) => id)

test('Rules change the order; results carry the score before and why.', async () => {
  const parameters = { rules: [{ kind: 'equals', field: 'lang', value: 'de', boost: 2 }] }
  const answer = await search({ strategy: 'rules', parameters }, { topK: 2 })
  assert.deepEqual(idsOf(answer), ['f2', 'f0'])
  const [first, second] = answer.results
  assert.match(first.rerankReason, /^relevance 0\.9\d* \+2 equals\(lang\)$/)
  assert.ok(first.score > second.score)
  assert.ok(first.originalScore < second.originalScore)
  assert.equal(first.payload.title, 'The train at night')
  const { strategy, degraded, candidates, version } = answer.rerank
  assert.deepEqual([strategy, degraded, candidates, version], ['rules', false, 5, '1'])
})

test('The text of the query is that of the search, or one of its own.', async () => {
  const rules = [{ kind: 'phrase', fields: ['title'], boost: 5 }]
  const rerank = { strategy: 'rules', parameters: { rules }, text: 'Le Train' }
  assert.equal(idsOf(await search(rerank))[0], 'f3')
})

test('Diversity looks at vectors that the caller does not get unasked.', async () => {
  const rerank = { strategy: 'mmr', parameters: { lambda: 0.3 } }
  const answer = await search(rerank, { topK: 3 })
  assert.equal(idsOf(answer)[0], 'f0')
  assert.notEqual(idsOf(answer)[1], 'f1')
  assert.ok(answer.results.every((hit: Answer) => !('vector' in hit) && hit.payload.title !== ''))
  const bare = await search(rerank, { topK: 3, withPayload: false, withVector: true })
  assert.deepEqual(idsOf(bare), idsOf(answer))
  assert.ok(bare.results.every((hit: Answer) => !('payload' in hit) && hit.vector.length === 3))
})

test('Fusion joins the order by distance with one by a field.', async () => {
  const rankings = [{ by: 'score' }, { by: 'field', field: 'year', weight: 3 }]
  const answer = await search({ strategy: 'fusion', parameters: { rankings } })
  assert.deepEqual(idsOf(answer).slice(0, 2), ['f4', 'f2'])
  assert.match(answer.results[1].rerankReason, /rank 3 by score, rank 2 by year/)
})

test('The limit is how many candidates are looked at.', async () => {
  const parameters = { rules: [{ kind: 'equals', field: 'lang', value: 'fr', boost: 2 }] }
  const few = await search({ strategy: 'rules', parameters, limit: 2 }, { topK: 2 })
  assert.deepEqual([idsOf(few), few.rerank.candidates], [['f0', 'f1'], 2])
  const all = await search({ strategy: 'rules', parameters, limit: 4 }, { topK: 2 })
  assert.deepEqual([idsOf(all)[0], all.rerank.candidates], ['f3', 4])
})

test('An offset passes over the best of the new order.', async () => {
  const parameters = { rules: [{ kind: 'number', field: 'year', from: 1990, to: 2030, boost: 9 }] }
  const rerank = { strategy: 'rules', parameters }
  const all = await search(rerank)
  const some = await search(rerank, { offset: 1, topK: 2 })
  assert.deepEqual(idsOf(some), idsOf(all).slice(1, 3))
})

test('Nothing found is nothing to rerank.', async () => {
  const filter = { must: [{ field: 'lang', match: 'xx' }] }
  const answer = await search({ strategy: 'mmr' }, { filter })
  assert.deepEqual([answer.results, answer.rerank.degraded], [[], false])
})

test('Each search of a batch is reranked by itself, and refused by its place.', async () => {
  const rules = (lang: string) => ({
    strategy: 'rules',
    parameters: { rules: [{ kind: 'equals', field: 'lang', value: lang, boost: 3 }] },
  })
  const vector = [1, 0, 0]
  const searches = [{ vector, rerank: rules('fr') }, { vector }, { vector, rerank: rules('de') }]
  const { responses } = await both.ask('batchSearch', { collection, searches }, passing)
  assert.deepEqual(
    responses.map((one: Answer) => idsOf(one)[0]),
    ['f3', 'f0', 'f2'],
  )
  assert.equal(responses[1].rerank, undefined)
  const wrong = [{ vector }, { vector, rerank: { strategy: 'mmr', parameters: { lambda: 7 } } }]
  const { field, message } = await both.refusal('batchSearch', { collection, searches: wrong })
  assert.equal(field, 'searches[1].rerank.parameters.lambda')
  assert.match(message, /^searches\[1\]\.rerank\.parameters\.lambda is 7; it must be 0 to 1\./)
})

test('Of a stream the last answer is reranked.', async () => {
  const parameters = { rules: [{ kind: 'equals', field: 'lang', value: 'fr', boost: 2 }] }
  const body = { vector: [1, 0, 0], topK: 2, rerank: { strategy: 'rules', parameters } }
  const response = await fetch(`${running.url}/v1/collections/${collection}/points:searchStream`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': running.key },
    body: JSON.stringify(body),
  })
  const answers: Answer[] = (await response.text())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const last = answers.at(-1)
  assert.deepEqual([last.complete, idsOf(last)[0], last.results.length], [true, 'f3', 2])
  for (const partial of answers.slice(0, -1)) assert.ok(partial.results.length <= 2)
})

test('A preset has a version that grows, and is what a search by its name uses.', async () => {
  const rules = (lang: string) => ({
    rules: [{ kind: 'equals', field: 'lang', value: lang, boost: 2 }],
  })
  const preset = { collection, preset: 'tongue', strategy: 'rules' }
  const first = await both.change('setRerankPreset', { ...preset, parameters: rules('fr') })
  const before = await search({ preset: 'tongue' })
  assert.equal(idsOf(before)[0], 'f3')
  assert.equal(before.rerank.presetVersion, first.version)
  const second = await both.change('setRerankPreset', { ...preset, parameters: rules('de') })
  assert.ok(second.version > first.version)
  const changed = await search({ preset: 'tongue' })
  assert.deepEqual([idsOf(changed)[0], changed.rerank.presetVersion], ['f2', second.version])
  const { message } = await both.refusal('search', {
    collection,
    vector: [1, 0, 0],
    rerank: { preset: 'tonge' },
  })
  assert.match(message, /Did you mean "tongue"\?/)
  await both.change('deleteRerankPreset', { collection, preset: 'tongue' })
  const gone = { collection, vector: [1, 0, 0], rerank: { preset: 'tongue' } }
  assert.equal((await both.refusal('search', gone)).reason, 'RERANK_PRESET_NOT_FOUND')
  const again = await both.change('setRerankPreset', { ...preset, parameters: rules('de') })
  assert.ok(again.version > second.version, 'no version is given twice')
})

test('A fused search is reranked as one list, also where its legs have distances.', async () => {
  await both.change('createCollection', { name: 'far', dimension: 3, metric: 'l2' })
  await both.change('upsertPoints', { collection: 'far', points: FILMS })
  const legs = [{ vector: [1, 0, 0] }, { vector: [0, 1, 0], topK: 1 }]
  const rerank = { strategy: 'mmr', parameters: { lambda: 1 } }
  const request = { collection: 'far', fused: { legs }, topK: 3 }
  const fused = await both.ask('search', request, passing)
  const reranked = await both.ask('search', { ...request, rerank }, passing)
  assert.deepEqual(idsOf(reranked), idsOf(fused))
  assert.deepEqual([reranked.rerank.degraded, reranked.rerank.candidates], [false, 5])
  assert.equal(reranked.results[0].originalScore, fused.results[0].score)
})
