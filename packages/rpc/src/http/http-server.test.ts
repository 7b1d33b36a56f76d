// Proves that the HTTP server carries calls as JSON, streams as NDJSON, answers every mistake with
// a problem, keeps its limits, and lets nobody in whom an interceptor refuses.

import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { deflateSync, gzipSync } from 'node:zlib'
import { isVectronError, REASONS, VectronError } from '@vectron/base'
import { CRASH, echoServices, HANG, keepingLogger } from '../../test/echo-services.ts'
import { type RunningHttpServer, startHttpServer } from '../index.ts'
import type { Problem } from '../problem.ts'

const { services, seen } = echoServices()
const { logger, lines } = keepingLogger()
const limits = { bodyBytesMax: 10_000, inflatedBytesMax: 20_000 }
let server: RunningHttpServer
let url: string

before(async () => {
  const livez = { status: 200, contentType: 'text/plain', body: 'ok' }
  const routes = [{ path: '/livez', handle: () => livez }]
  server = await startHttpServer({ port: 0, services, logger, limits, routes })
  url = `http://127.0.0.1:${server.port}`
})

after(() => server.close(0))

const jsonHeader = { 'content-type': 'application/json' }
const ndjsonHeader = { 'content-type': 'application/x-ndjson' }

function post(path: string, body: BodyInit, headers: Record<string, string> = jsonHeader) {
  return fetch(url + path, { method: 'POST', body, headers })
}

async function problemOf(response: Response): Promise<Problem> {
  assert.equal(response.headers.get('content-type'), 'application/problem+json')
  const problem = (await response.json()) as Problem
  assert.equal(problem.status, response.status)
  assert.equal(problem.requestId, response.headers.get('x-request-id'))
  return problem
}

async function reasonOf(response: Response): Promise<string> {
  return (await problemOf(response)).reason
}

test('a call is JSON both ways', async () => {
  const body = '{"vector":[1,2,3],"topK":7}'
  const response = await post('/v1/collections/c/points:search', body)
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8')
  assert.match(response.headers.get('server-timing') ?? '', /^total;dur=[0-9.]+$/)
  const answer = (await response.json()) as Record<string, unknown>
  assert.deepEqual(answer['warnings'], ['12 bytes'])
  assert.equal(answer['tookUs'], 7)
})

test('path and query give the fields that a body does not', async () => {
  const id = 'a/b:c é🐶%'
  const path = `/v1/collections/c/points/${encodeURIComponent(id)}`
  const response = await fetch(`${url}${path}?with_vector=true&consistency=strong`)
  assert.deepEqual(await response.json(), {
    id,
    payload: { withVector: true },
    version: 0,
  })
  assert.equal(await reasonOf(await fetch(`${url}${path}?withVectr=1`)), 'UNKNOWN_FIELD')
  assert.equal(await reasonOf(await fetch(`${url}${path}?withVector=1`)), 'FIELD_TYPE_MISMATCH')
  const twice = await fetch(`${url}${path}?sessionToken=a&sessionToken=b`)
  assert.equal(await reasonOf(twice), 'INVALID_ARGUMENT')
  const search = '/v1/collections/c/points:search'
  assert.equal(await reasonOf(await post(`${search}?topK=3`, '{}')), 'UNKNOWN_FIELD')
})

test('a body may repeat what the path says, but not contradict it', async () => {
  const same = await post('/v1/collections/c/points:upsert', '{"collection":"c","points":[]}')
  assert.equal(same.status, 200)
  const other = await post('/v1/collections/c/points:upsert', '{"collection":"d","points":[]}')
  assert.equal(await reasonOf(other), 'INVALID_ARGUMENT')
})

test('an absent body is an empty message', async () => {
  const response = await fetch(`${url}/v1/collections/c/points:count`, { method: 'POST' })
  assert.deepEqual(await response.json(), { count: '1152921504606846976' })
})

test('a stream of answers is NDJSON; a late error is its last line', async () => {
  const good = await post('/v1/collections/c/points:searchStream', '{"topK":3}')
  assert.equal(good.headers.get('content-type'), 'application/x-ndjson; charset=utf-8')
  const counts = (await good.text())
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual(
    counts.map((count) => count.shardsAnswered),
    [1, 2, 3],
  )
  const bad = await post('/v1/collections/UNAVAILABLE/points:searchStream', '{"topK":1}')
  assert.equal(bad.status, 200)
  const [first, last] = (await bad.text()).trimEnd().split('\n')
  assert.equal(JSON.parse(first as string).shardsAnswered, 1)
  assert.equal(JSON.parse(last as string).error.reason, 'UNAVAILABLE')
  const atOnce = await post('/v1/collections/UNAVAILABLE/points:searchStream', '{"topK":0}')
  assert.equal(atOnce.status, 503)
})

test('a stream both ways answers each line; the line of a mistake is named', async () => {
  const path = '/v1/collections/c/points:upsertStream'
  const body = '{"points":[{"id":"a"}]}\r\n\n  \n{"points":[{"id":"b"},{"id":"c"}]}'
  const answers = (await (await post(path, body, ndjsonHeader)).text()).trimEnd().split('\n')
  assert.deepEqual(
    answers.map((line) => JSON.parse(line).affected),
    [1, 2],
  )
  const broken = await post(path, '{"points":[]}\n{"points":7}\n', ndjsonHeader)
  const last = JSON.parse((await broken.text()).trimEnd().split('\n').at(-1) as string)
  assert.equal(last.error.reason, 'FIELD_TYPE_MISMATCH')
  assert.match(last.error.detail, /^Line 2: points must be an array/)
  assert.equal((await post(path, body)).status, 415)
  const long = await post(path, `{"points":[${' '.repeat(30_000)}]}\n`, ndjsonHeader)
  assert.equal(await reasonOf(long), 'BODY_TOO_LARGE')
})

test('every reason has its status, its details and a page that explains it', async () => {
  for (const [reason, row] of Object.entries(REASONS)) {
    const response = await post(`/v1/collections/${reason}/points:upsert`, '{}')
    const problem = await problemOf(response)
    assert.equal(problem.reason, reason)
    assert.equal(problem.status, row.http)
    assert.equal(problem.title, row.title)
    assert.equal(response.headers.get('retry-after'), '2')
    const types = problem.details.map((detail) => String(detail['@type']).split('.').at(-1))
    assert.deepEqual(types, ['ErrorInfo', 'BadRequest', 'RetryInfo', 'RequestInfo', 'Help'])
    const page = await fetch(url + problem.type)
    assert.ok((await page.text()).includes(row.action))
  }
})

test('a crash shows nothing of itself but is logged with its request id', async () => {
  const problem = await problemOf(await post(`/v1/collections/${CRASH}/points:upsert`, '{}'))
  assert.equal(problem.reason, 'INTERNAL')
  assert.doesNotMatch(JSON.stringify(problem), /secret|\.ts/)
  const logged = lines.map((line) => JSON.parse(line)).at(-1)
  assert.equal(logged.requestId, problem.requestId)
})

test('request id and trace come back; a bad request id is replaced', async () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const headers = { ...jsonHeader, 'x-request-id': 'mine', traceparent }
  const response = await post('/v1/collections/c/points:count', '{}', headers)
  assert.equal(response.headers.get('x-request-id'), 'mine')
  assert.equal(response.headers.get('traceparent'), traceparent)
  const long = { ...jsonHeader, 'x-request-id': 'x'.repeat(500) }
  const replaced = await post('/v1/collections/c/points:count', '{}', long)
  assert.match(replaced.headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/)
})

test('unknown routes get a hint, wrong methods the right ones', async () => {
  const unknown = await problemOf(await fetch(`${url}/v1/collections/c/points:serch`))
  assert.equal(unknown.reason, 'ROUTE_NOT_FOUND')
  assert.match(unknown.detail, /Did you mean \/v1\/collections\/\{collection\}\/points:search\?/)
  const wrong = await fetch(`${url}/v1/collections/c/points:search`)
  assert.equal(wrong.headers.get('allow'), 'POST')
  assert.equal(await reasonOf(wrong), 'METHOD_NOT_ALLOWED')
  assert.equal(await (await fetch(`${url}/livez`)).text(), 'ok')
  assert.equal((await fetch(`${url}/livez`, { method: 'HEAD' })).status, 200)
})

test('content types: JSON in UTF-8 only', async () => {
  const send = (type: string) =>
    post('/v1/collections/c/points:count', '{}', { 'content-type': type })
  for (const type of ['application/json', 'Application/JSON; charset="UTF-8"', 'a/b+json']) {
    const expected = type === 'a/b+json' ? 415 : 200
    assert.equal((await send(type)).status, expected, type)
  }
  for (const type of ['text/plain', 'application/json; charset=latin1', 'application/xml']) {
    assert.equal(await reasonOf(await send(type)), 'UNSUPPORTED_MEDIA_TYPE', type)
  }
})

test('compressed bodies are inflated, up to a limit', async () => {
  const path = '/v1/collections/c/points:upsert'
  const body = Buffer.from('{"points":[{"id":"a"}]}')
  const send = (bytes: Buffer, encoding: string) =>
    post(path, new Uint8Array(bytes), { ...jsonHeader, 'content-encoding': encoding })
  assert.equal((await send(gzipSync(body), 'gzip')).status, 200)
  assert.equal((await send(deflateSync(body), 'deflate')).status, 200)
  const bomb = gzipSync(Buffer.alloc(5_000_000, 0x20))
  assert.equal(await reasonOf(await send(bomb, 'gzip')), 'BODY_TOO_LARGE')
  assert.equal(await reasonOf(await send(body, 'gzip')), 'INVALID_ARGUMENT')
  assert.equal(await reasonOf(await send(body, 'zip')), 'UNSUPPORTED_MEDIA_TYPE')
})

test('a body beyond the limit is refused, said or not, and the connection goes on', async () => {
  const path = '/v1/collections/c/points:upsert'
  const large = `{"points":[${' '.repeat(1_000_000)}]}`
  assert.equal(await reasonOf(await post(path, large)), 'BODY_TOO_LARGE')
  const chunked = new Blob([large]).stream()
  const init = { method: 'POST', body: chunked, headers: jsonHeader, duplex: 'half' }
  assert.equal(await reasonOf(await fetch(url + path, init as RequestInit)), 'BODY_TOO_LARGE')
  assert.equal((await post(path, '{}')).status, 200)
})

test('an interceptor refuses before the body is read', async () => {
  const guard = await startHttpServer({
    port: 0,
    services,
    logger,
    interceptors: [
      async () => {
        throw new VectronError('NO_KEY', 'No key.')
      },
    ],
  })
  const taken = seen.calls.length
  const path = `http://127.0.0.1:${guard.port}/v1/collections/c/points:upsert`
  const response = await fetch(path, { method: 'POST', body: 'not JSON', headers: jsonHeader })
  assert.equal(response.headers.get('www-authenticate'), 'Bearer')
  assert.equal(await reasonOf(response), 'NO_KEY')
  assert.equal(seen.calls.length, taken)
  assert.equal((await fetch(`http://127.0.0.1:${guard.port}/errors/NO_KEY`)).status, 200)
  await guard.close(0)
})

test('a caller who leaves aborts the handler', async () => {
  const before = seen.aborted
  const controller = new AbortController()
  const { length } = seen.calls
  const leaving = fetch(`${url}/v1/collections/${HANG}/points:search`, {
    method: 'POST',
    body: '{}',
    headers: jsonHeader,
    signal: controller.signal,
  })
  await until(() => seen.calls.length > length)
  controller.abort()
  await assert.rejects(leaving)
  await until(() => seen.aborted === before + 1)
})

test('what is not HTTP is answered and closed', async () => {
  assert.match(await rawAnswer('GARBAGE\r\n\r\n'), /^HTTP\/1\.1 400 .*"INVALID_ARGUMENT"/s)
  const header = `GET /livez HTTP/1.1\r\nhost: x\r\nx-long: ${'x'.repeat(40_000)}\r\n\r\n`
  assert.match(await rawAnswer(header), /^HTTP\/1\.1 413 .*"BODY_TOO_LARGE"/s)
  assert.equal((await fetch(`${url}/livez`)).status, 200)
})

test('a port in use is named', async () => {
  const taken = startHttpServer({ port: server.port, services, logger })
  await assert.rejects(taken, (error) => isVectronError(error, 'UNAVAILABLE'))
})

function rawAnswer(request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    const socket = connect(server.port, '127.0.0.1', () => socket.write(request))
    socket.on('data', (part) => parts.push(part))
    socket.on('close', () => resolve(Buffer.concat(parts).toString()))
    socket.on('error', reject)
  })
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}

test('a page of an origin that is named may call, and reads also a refusal; others may not', async (t) => {
  const origin = 'https://console.example.org'
  const open = await startHttpServer({ port: 0, services, logger, cors: { origins: [origin] } })
  t.after(() => open.close(0))
  const path = `http://127.0.0.1:${open.port}/v1/collections/c/points:search`
  const ask = (from: string, init: RequestInit) =>
    fetch(path, { ...init, headers: { ...init.headers, origin: from } })
  const preflight = { method: 'OPTIONS', headers: { 'access-control-request-method': 'POST' } }
  const allowed = await ask(origin, preflight)
  assert.equal(allowed.status, 204)
  assert.equal(allowed.headers.get('access-control-allow-origin'), origin)
  assert.match(allowed.headers.get('access-control-allow-methods') ?? '', /POST/)
  assert.match(allowed.headers.get('access-control-allow-headers') ?? '', /authorization/)

  const search = { method: 'POST', headers: jsonHeader, body: '{"vector":[1],"topK":1}' }
  for (const init of [search, { ...search, body: 'no JSON' }]) {
    const answer = await ask(origin, init)
    assert.equal(answer.headers.get('access-control-allow-origin'), origin)
    assert.equal(answer.headers.get('vary'), 'origin')
    assert.match(answer.headers.get('access-control-expose-headers') ?? '', /x-request-id/)
  }
  for (const stranger of ['https://example.org', 'null', `${origin}.evil.org`]) {
    const refused = await ask(stranger, preflight)
    assert.equal(refused.status, 405)
    assert.equal(refused.headers.get('access-control-allow-origin'), null)
    const read = await ask(stranger, search)
    assert.equal(read.headers.get('access-control-allow-origin'), null)
    assert.equal(read.headers.get('vary'), 'origin')
  }
})

test('where no origin is named, no page of another one may call', async () => {
  const headers = { origin: 'https://example.org', 'access-control-request-method': 'POST' }
  const response = await fetch(`${url}/v1/collections/c/points:search`, {
    method: 'OPTIONS',
    headers,
  })
  assert.equal(response.status, 405)
  assert.equal(response.headers.get('access-control-allow-origin'), null)
})
