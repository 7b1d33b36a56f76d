// Against a real server that speaks Cohere's protocol, and misbehaves in every way that one can.

import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { openHttp } from './http.ts'
import { candidate, jobOf, rankBy, testStrategy } from './strategy.contract.ts'

const KEY = 'a-secret-key'

interface Asked {
  readonly model: string
  readonly query: string
  readonly documents: readonly string[]
  readonly top_n: number
}

type Behave = (asked: Asked, response: ServerResponse) => void

/** Scores by the number of letters that document and query share. */
const sound: Behave = ({ query, documents, top_n }, response) => {
  const letters = new Set(query)
  const results = documents
    .map((text, index) => {
      const shared = [...text].filter((letter) => letters.has(letter)).length
      return { index, relevance_score: shared / (1 + text.length) }
    })
    .sort((a, b) => b.relevance_score - a.relevance_score)
    .slice(0, top_n)
  response.end(JSON.stringify({ id: 'x', results, meta: { api_version: { version: '2' } } }))
}

let behave = sound
const headers: IncomingMessage['headers'][] = []
const asked: Asked[] = []
const server = createServer(async (request, response) => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const body: Asked = JSON.parse(Buffer.concat(chunks).toString())
  headers.push(request.headers)
  asked.push(body)
  behave(body, response)
})

const http = openHttp({
  get endpoint() {
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v2/rerank`
  },
  model: 'rerank-v9',
  key: KEY,
})

before(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))
after(() => {
  server.closeAllConnections()
  server.close()
})

const JOB = jobOf([candidate(0.9, { title: 'zzz' }), candidate(0.8, { title: 'red fox' })])

testStrategy({
  strategy: http,
  parameters: [{}, { fields: ['title'] }],
  refused: [
    [{ fields: [] }, 'parameters.fields'],
    [{ fields: 'title' }, 'parameters.fields'],
    [{ endpoint: 'http://169.254.169.254/' }, 'parameters.endpoint'],
    [{ key: 'x' }, 'parameters.key'],
  ],
})

test('The request is that of the protocol, with the key, and the answer decides.', async () => {
  behave = sound
  const ranked = await rankBy(http, { fields: ['title'] }, { ...JOB, topK: 1 })
  assert.deepEqual(asked.at(-1), {
    model: 'rerank-v9',
    query: 'red fox',
    documents: ['zzz', 'red fox'],
    top_n: 1,
  })
  assert.equal(headers.at(-1)?.authorization, `Bearer ${KEY}`)
  assert.equal(ranked[0]?.place, 1)
  assert.match(ranked[0]?.reason ?? '', /^rerank-v9 says 0\.8/)
})

test('Whatever else it answers is refused as a failure of the service, without the key.', async () => {
  const answering =
    (text: string, status = 200): Behave =>
    (_, response) => {
      response.writeHead(status)
      response.end(text)
    }
  const result = (index: unknown, score: unknown) => ({ index, relevance_score: score })
  const results = (...list: object[]) => answering(JSON.stringify({ results: list }))
  const cases: [Behave, RegExp][] = [
    [answering(`no such key: ${KEY}`, 401), /answered 401: no such key: \*\*\*/],
    [answering('', 500), /answered 500/],
    [answering('{"results": [', 200), /no JSON/],
    [answering('[]', 200), /no list of results/],
    [answering('null', 200), /no list of results/],
    [results(result(0, 1)), /ranked 1 of 2 documents/],
    [results(result(0, 1), result(0, 2)), /ranked a document 0/],
    [results(result(0, 1), result(2, 2)), /ranked a document 2/],
    [results(result(0, 1), result(-1, 2)), /ranked a document -1/],
    [results(result(0, 1), result(1, 'high')), /scored document 1 high/],
    [answering(`{"results": [], "x": "${'y'.repeat(5_000_000)}"}`), /above 4194304 bytes/],
    [(_, response) => response.destroy(), /cannot be used/],
    [
      (_, response) => {
        response.writeHead(307, { location: 'http://127.0.0.1:1/' })
        response.end()
      },
      /redirect/,
    ],
  ]
  for (const [misbehave, message] of cases) {
    behave = misbehave
    await assert.rejects(rankBy(http, {}, JOB), (error: Error) => {
      assert.match(error.message, message)
      assert.ok(!error.message.includes(KEY))
      assert.equal((error as Error & { reason: string }).reason, 'UNAVAILABLE')
      return true
    })
  }
})

test('One that never answers is left when nobody waits any more.', async () => {
  const leaving = new AbortController()
  behave = () => leaving.abort()
  await assert.rejects(rankBy(http, {}, { ...JOB, signal: leaving.signal }), {
    reason: 'DEADLINE_EXCEEDED',
  })
})

test('Without an endpoint it says which setting names one.', async () => {
  const none = openHttp({ endpoint: '', model: '', key: '' })
  assert.match(none.problem(), /rerank\.httpEndpoint/)
  await assert.rejects(rankBy(none, {}, JOB), { reason: 'UNAVAILABLE' })
})
