// Feedback over both protocols: what is noted, what counts once, what is refused, and that it stays
// within its project.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { BothProtocols } from './both-protocols.ts'
import type { Answer, Json } from './exchanges.ts'
import { LETTERS, startTestVectron, type TestVectron } from './running-vectron.ts'

let running: TestVectron
let both: BothProtocols

before(async () => {
  running = await startTestVectron()
  both = await BothProtocols.open(running)
  await both.change('createCollection', { name: 'texts', embedder: LETTERS.name })
  await both.change('createCollection', { name: 'bare', dimension: 2, metric: 'l2' })
})

after(() => running.close())

const add = (collection: string, ...entries: Json[]) =>
  both.change('addFeedback', { collection, entries })

async function points(collection: string): Promise<Answer[]> {
  const { points } = await both.ask('scrollPoints', { collection, withVector: true })
  return points
}

test('Clicks and judgements are points of a collection that is made with the first.', async () => {
  const { feedbackCollection, added } = await add(
    'texts',
    { text: 'a dog', id: 'p1', kind: 'click', requestId: 'r1' },
    { text: 'a dog', id: 'p2', kind: 'judgement', grade: 3 },
  )
  assert.deepEqual([feedbackCollection, added], ['texts-feedback', 2])
  const described = await both.ask('getCollection', { collection: feedbackCollection })
  assert.deepEqual([described.embedder, described.metric], [LETTERS.name, 'cosine'])
  const found = await points(feedbackCollection)
  const payloads = found.map(({ payload: { time, ...payload } }) => {
    assert.ok(Math.abs(Date.parse(time) - Date.now()) < 600_000)
    return payload
  })
  assert.deepEqual(payloads, [
    { text: 'a dog', pointId: 'p1', kind: 'click', requestId: 'r1' },
    { text: 'a dog', pointId: 'p2', kind: 'judgement', grade: 3 },
  ])
  assert.ok(found.every(({ vector }) => vector.length === LETTERS.dimension))
  const judged = { must: [{ field: 'grade', range: { gte: 3 } }] }
  const { count } = await both.ask('countPoints', { collection: 'texts-feedback', filter: judged })
  assert.equal(count, 1)
})

test('A click of one request counts once, and of judgements the last one.', async () => {
  const vector = [1, 2]
  const click = { vector, id: 'p', kind: 'click' }
  await add('bare', { ...click, requestId: 'r1' }, { ...click, requestId: 'r1' })
  await add('bare', { ...click, requestId: 'r1' }, { ...click, requestId: 'r2' })
  await add('bare', click, click)
  const judgement = { vector, id: 'p', kind: 'judgement' }
  await add('bare', { ...judgement, grade: 1 })
  await add('bare', { ...judgement, grade: 4, requestId: 'r9' })
  const found = (await points('bare-feedback')).map(({ payload }) => payload)
  assert.equal(found.filter(({ kind }) => kind === 'click').length, 4)
  const judgements = found.filter(({ kind }) => kind === 'judgement')
  assert.deepEqual(
    judgements.map(({ grade }) => grade),
    [4],
  )
})

test('What cannot be used is refused by its entry, and nothing is noted.', async () => {
  const good = { vector: [1, 2], id: 'p', kind: 'click' }
  const before = (await points('bare-feedback')).length
  const refused = async (entry: Json, reason: string, field: string, collection = 'bare') => {
    const said = await both.refusal('addFeedback', { collection, entries: [good, entry] })
    assert.deepEqual([said.reason, said.field], [reason, `entries[1].${field}`])
  }
  await refused({ ...good, kind: 'judgement' }, 'MISSING_FIELD', 'grade')
  await refused({ ...good, kind: 'judgement', grade: 5 }, 'INVALID_ARGUMENT', 'grade')
  await refused({ ...good, grade: 1 }, 'INVALID_ARGUMENT', 'grade')
  await refused({ vector: [1, 2], id: 'p' }, 'MISSING_FIELD', 'kind')
  await refused({ ...good, id: '' }, 'INVALID_ID', 'id')
  await refused({ id: 'p', kind: 'click' }, 'MISSING_FIELD', 'text')
  await refused({ text: 'x', id: 'p', kind: 'click' }, 'MISSING_FIELD', 'vector')
  await refused({ ...good, requestId: 'x'.repeat(129) }, 'INVALID_ARGUMENT', 'requestId')
  await refused({ ...good, vector: [1, 2, 3] }, 'WRONG_DIMENSION', 'vector')
  const many = Array.from({ length: 1001 }, () => good)
  const said = await both.refusal('addFeedback', { collection: 'bare', entries: many })
  assert.equal(said.reason, 'BATCH_TOO_LARGE')
  assert.equal((await points('bare-feedback')).length, before)
})

test('A collection of that name that is something else is left alone.', async () => {
  await both.change('createCollection', { name: 'taken', dimension: 2 })
  await both.change('createCollection', { name: 'taken-feedback', dimension: 2 })
  const entries = [{ vector: [1, 2], id: 'p', kind: 'click' }]
  const { reason, message } = await both.refusal('addFeedback', { collection: 'taken', entries })
  assert.equal(reason, 'CONFLICT')
  assert.match(message, /"taken-feedback" is not one of feedback/)
})

test('Feedback of a project is of that project alone, and of what its plan allows.', async () => {
  const headers = { 'content-type': 'application/json' }
  const post = async (path: string, body: object, key = '') => {
    const response = await fetch(`${running.url}${path}`, {
      method: 'POST',
      headers: { ...headers, ...(key !== '' && { authorization: `Bearer ${key}` }) },
      body: JSON.stringify(body),
    })
    return { status: response.status, body: (await response.json()) as Answer }
  }
  const account = { email: 'someone@example.org', password: 'correct horse battery' }
  const { body: session } = await post('/v1/auth/register', account)
  const { accessToken, profile } = session
  const [{ projectId }] = profile.projects
  const keyRequest = { name: 'k', role: 'admin' }
  const made = await post(`/v1/auth/projects/${projectId}/keys`, keyRequest, accessToken)
  const key = made.body.text
  await post('/v1/collections', { name: 'bare', dimension: 3 }, key)
  const entries = [{ vector: [1, 2, 3], id: 'theirs', kind: 'click' }]
  const added = await post('/v1/collections/bare/feedback', { entries }, key)
  assert.deepEqual([added.status, added.body.feedbackCollection], [200, 'bare-feedback'])
  const scroll = '/v1/collections/bare-feedback/points:scroll'
  const theirs = await post(scroll, {}, key)
  assert.deepEqual(
    theirs.body.points.map(({ payload }: Answer) => payload.pointId),
    ['theirs'],
  )
  assert.ok((await points('bare-feedback')).every(({ payload }) => payload.pointId !== 'theirs'))
  for (const name of ['a', 'b', 'c']) await post('/v1/collections', { name, dimension: 3 }, key)
  const beyond = await post('/v1/collections/a/feedback', { entries }, key)
  assert.deepEqual([beyond.status, beyond.body.reason], [429, 'PLAN_LIMIT'])
})
