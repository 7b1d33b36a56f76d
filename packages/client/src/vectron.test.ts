/** Proves what the SDK sends and how it reads answers, against a server inside the test. */
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { VectronApiError } from './api-error.ts'
import { json, problem, startTestServer } from './test-server.ts'
import { decodeVector, encodeVector } from './vector.ts'
import { Vectron } from './vectron.ts'

const server = await startTestServer()
const retry = { baseMs: 1, capMs: 2 }
const vectron = new Vectron({ url: `${server.url}/`, apiKey: 'k', retry })
const points = vectron.collection<{ n: number }>('a b')
const WRITTEN = { affected: 1, sessionToken: 't' }

beforeEach(() => {
  ;(server.asked as unknown[]).length = 0
})

/** Runs a call and gives the API error that it must end with. */
async function failure(call: Promise<unknown>): Promise<VectronApiError> {
  const error = await call.then(
    () => assert.fail('did not fail'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof VectronApiError, String(error))
  return error
}

test('a call carries the key, an encoded path and base64 vectors', async () => {
  server.answers = [json(200, WRITTEN)]
  assert.deepEqual(await points.upsert([{ id: 'x', vector: [1, 2], payload: { n: 1 } }]), WRITTEN)
  const [asked] = server.asked
  assert.equal(asked?.method, 'POST')
  assert.equal(asked?.path, '/v1/collections/a%20b/points:upsert')
  assert.equal(asked?.headers.authorization, 'Bearer k')
  assert.deepEqual(JSON.parse(asked?.body ?? ''), {
    points: [{ id: 'x', vector: 'AACAPwAAAEA=', payload: { n: 1 } }],
  })
})

test('vectors survive base64, whatever their length', () => {
  const vector = Float32Array.from({ length: 20_000 }, (_, index) => Math.fround(index / 7 - 100))
  assert.deepEqual(decodeVector(encodeVector(vector)), vector)
  assert.deepEqual(decodeVector([0.5, 1]), Float32Array.of(0.5, 1))
  assert.equal(encodeVector([]), '')
})

test('vectors of answers are Float32Array, from numbers or base64', async () => {
  const results = [
    { id: 'x', score: 1, vector: [1, 2] },
    { id: 'y', score: 0.5, vector: 'AACAPwAAAEA=' },
  ]
  server.answers = [json(200, { results, exact: true })]
  const found = await points.search({ vector: Float32Array.of(1), topK: 2, withVector: true })
  for (const { vector } of found.results) assert.deepEqual(vector, Float32Array.of(1, 2))
})

test('scroll follows page tokens until the last page', async () => {
  server.answers = [
    json(200, { points: [{ id: 'a' }, { id: 'b' }], nextPageToken: 'p2' }),
    json(200, { points: [{ id: 'c' }], nextPageToken: '' }),
  ]
  const ids: string[] = []
  for await (const { id } of points.scroll({ pageSize: 2, timeoutMs: 5000 })) ids.push(id)
  assert.deepEqual(ids, ['a', 'b', 'c'])
  const bodies = server.asked.map(({ body }) => JSON.parse(body))
  assert.deepEqual(bodies, [
    { pageSize: 2, pageToken: '' },
    { pageSize: 2, pageToken: 'p2' },
  ])
})

test('an error carries reason, status, fields, request id and advice', async () => {
  server.answers = [
    json(400, {
      status: 400,
      reason: 'WRONG_DIMENSION',
      message: 'has 2, needs 3',
      requestId: 'r9',
      details: [
        {
          '@type': 'type.googleapis.com/google.rpc.BadRequest',
          fieldViolations: [{ field: 'points[0].vector', description: 'has 2, needs 3' }],
        },
        {
          '@type': 'type.googleapis.com/google.rpc.Help',
          links: [{ description: 'Send 3 components.', url: '/errors/WRONG_DIMENSION' }],
        },
      ],
    }),
  ]
  const error = await failure(points.upsert([{ id: 'x', vector: [1, 2] }]))
  assert.equal(error.reason, 'WRONG_DIMENSION')
  assert.equal(error.status, 400)
  assert.equal(error.requestId, 'r9')
  assert.equal(error.action, 'Send 3 components.')
  assert.deepEqual(error.fieldViolations, [
    { field: 'points[0].vector', description: 'has 2, needs 3' },
  ])
  assert.equal(server.asked.length, 1, 'not sent again')
})

test('an answer that is not ours still becomes an error with its status', async () => {
  server.answers = [
    (response) => {
      response.writeHead(413, { 'content-type': 'text/html', 'x-request-id': 'proxy' })
      response.end('<h1>too large</h1>')
    },
  ]
  const error = await failure(points.count())
  assert.equal(error.reason, 'BODY_TOO_LARGE')
  assert.equal(error.requestId, 'proxy')
  assert.match(error.message, /too large/)
})

test('a safe call is sent again until it succeeds', async () => {
  server.answers = [problem(503, 'UNAVAILABLE'), problem(429, 'OVERLOADED'), json(200, WRITTEN)]
  assert.deepEqual(await points.delete({ ids: ['x'] }), WRITTEN)
  assert.equal(server.asked.length, 3)
})

test('a conditional write is sent again under one request id, so that it is done once', async () => {
  server.answers = [problem(503, 'UNAVAILABLE'), json(200, WRITTEN)]
  await points.upsert([{ id: 'x', vector: [1], ifVersion: 0 }])
  const ids = server.asked.map(({ body }) => JSON.parse(body ?? '').requestId)
  assert.match(ids[0], /^[0-9a-f-]{36}$/)
  assert.deepEqual(ids, [ids[0], ids[0]])
  server.answers = [json(200, WRITTEN)]
  await points.delete({ ids: ['x'], ifVersion: 7 }, { requestId: 'mine' })
  assert.deepEqual(JSON.parse(server.asked.at(-1)?.body ?? ''), {
    ids: ['x'],
    ifVersion: 7,
    requestId: 'mine',
  })
  await points.delete({ ids: ['x'] })
  assert.deepEqual(JSON.parse(server.asked.at(-1)?.body ?? ''), { ids: ['x'] })
})

test('retries end at their number', async () => {
  server.answers = [problem(503, 'UNAVAILABLE')]
  assert.equal((await failure(points.count())).reason, 'UNAVAILABLE')
  assert.equal(server.asked.length, 4)
})

test('creating, changing and deleting collections is never sent again', async () => {
  server.answers = [problem(503, 'UNAVAILABLE')]
  await failure(vectron.createCollection({ name: 'c', dimension: 1 }))
  await failure(vectron.updateCollection('c', { description: 'd' }))
  await failure(vectron.deleteCollection('c'))
  assert.equal(server.asked.length, 3)
})

test('Retry-After beyond the time of the call ends it at once', async () => {
  server.answers = [problem(429, 'RATE_LIMITED', { 'retry-after': '60' })]
  const error = await failure(points.count({}, { timeoutMs: 5000 }))
  assert.equal(error.reason, 'RATE_LIMITED')
  assert.equal(error.retryAfterMs, 60_000)
  assert.equal(server.asked.length, 1)
})

test('a lost connection is retried, and then told as UNREACHABLE', async () => {
  server.answers = [(response) => response.socket?.destroy(), json(200, { count: 7 })]
  assert.equal(await points.count(), 7)
  const nobody = new Vectron({ url: 'http://127.0.0.1:9', retry: { retriesMax: 0 } })
  const error = await failure(nobody.health())
  assert.equal(error.reason, 'UNREACHABLE')
  assert.equal(error.status, undefined)
  assert.match(error.message, /ECONNREFUSED|bad port/i)
})

test('a call ends at its timeout, and at its signal with the reason of that', async () => {
  server.answers = [() => {}]
  assert.equal((await failure(points.count({}, { timeoutMs: 30 }))).reason, 'TIMED_OUT')
  const controller = new AbortController()
  const call = points.count({}, { signal: controller.signal })
  controller.abort(new Error('enough'))
  await assert.rejects(call, /enough/)
})

test('upsertAll keeps the order of acknowledgements and never more than the batches asked', async () => {
  let open = 0
  let openMax = 0
  server.answers = [
    (response, { body }) => {
      open += 1
      openMax = Math.max(openMax, open)
      const { points: batch } = JSON.parse(body)
      // Later batches answer sooner.
      setTimeout(() => {
        open -= 1
        json(200, { affected: batch.length, sessionToken: batch[0].id })(response)
      }, 40 - Number(batch[0].id))
    },
  ]
  const many = Array.from({ length: 25 }, (_, id) => ({ id: String(id), vector: [id] }))
  const tokens: string[] = []
  for await (const ack of points.upsertAll(many, { batchSize: 4, concurrency: 3 })) {
    tokens.push(ack.sessionToken)
  }
  assert.deepEqual(tokens, ['0', '4', '8', '12', '16', '20', '24'])
  assert.ok(openMax <= 3, `${openMax} at once`)
})

test('upsertAll ends with the error of a batch, and nothing goes unhandled', async () => {
  server.answers = [json(200, WRITTEN), problem(400, 'NOT_FINITE')]
  const many = Array.from({ length: 10 }, (_, id) => ({ id: String(id), vector: [id] }))
  const load = async () => {
    for await (const _ of points.upsertAll(many, { batchSize: 1, concurrency: 4 }));
  }
  assert.equal((await failure(load())).reason, 'NOT_FINITE')
})

test('upsertStream sends one line for each batch and yields the acknowledgements', async () => {
  server.answers = [
    (response, { body, headers }) => {
      assert.equal(headers['content-type'], 'application/x-ndjson')
      response.writeHead(200, { 'content-type': 'application/x-ndjson' })
      for (const line of body.trim().split('\n')) {
        const affected = JSON.parse(line).points.length
        response.write(`${JSON.stringify({ affected, sessionToken: 's' })}\n`)
      }
      response.end()
    },
  ]
  const many = Array.from({ length: 5 }, (_, id) => ({ id: String(id), vector: [id] }))
  const counts: number[] = []
  for await (const { affected } of points.upsertStream(many, { batchSize: 2 }))
    counts.push(affected)
  assert.deepEqual(counts, [2, 2, 1])
})

test('a stream that ends with an error throws it after the values before it', async () => {
  server.answers = [
    (response) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' })
      response.write('{"results":[],"complete":false}\n{"error":{"status":503,')
      response.end('"reason":"SHARD_UNAVAILABLE","message":"no leader"}}\n')
    },
  ]
  const seen: boolean[] = []
  const load = async () => {
    for await (const { complete } of points.searchStream({ id: 'x' })) seen.push(complete)
  }
  assert.equal((await failure(load())).reason, 'SHARD_UNAVAILABLE')
  assert.deepEqual(seen, [false])
})
