// Proves that every operation of the OpenAPI document works over HTTP and gRPC, that all answers
// and errors fit the document, and that both protocols give the same answers.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { OpenApiDocument } from '@vectron/rpc'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { type Answer, type Exchange, exchanges, type Json, OWN_KEY } from './exchanges.ts'
import { startTestVectron, type TestVectron } from './running-vectron.ts'
import {
  askGrpc,
  askHttp,
  type DocumentedOperation,
  isOfAuth,
  methodOf,
  operationsOf,
} from './speak.ts'

let running: TestVectron
let document: OpenApiDocument
let operations: DocumentedOperation[]
const ajv = new Ajv2020({ strict: false, formats: { uint64: true, int64: true } })
ajv.addFormat('float', true).addFormat('double', true).addFormat('uri-reference', true)

before(async () => {
  running = await startTestVectron()
  document = (await (await fetch(`${running.url}/openapi.json`)).json()) as OpenApiDocument
  operations = operationsOf(document).filter((operation) => !isOfAuth(operation))
  ajv.addSchema({ $id: 'openapi', ...document })
})

after(() => running.close())

test('every operation of the document is exercised, and nothing else', () => {
  const documented = operations.map((operation) => operation.id).sort()
  const exercised = exchanges.map((exchange) => exchange.operation).sort()
  assert.deepEqual(exercised, documented)
})

test('every operation answers over HTTP and gRPC alike, as the document says', async (t) => {
  for (const exchange of exchanges) {
    await t.test(exchange.operation, async () => {
      if (exchange.refused !== undefined) return checkRefusal(exchange, exchange.refused)
      const overHttp = await askDocumented(exchange)
      const overGrpc = await overGrpcToo(exchange)
      for (const answers of [overHttp, overGrpc]) {
        for (const answer of answers) checkFits(operation(exchange), '200', answer)
        exchange.check(answers as Answer[])
      }
      const same = (answer: unknown) => steady(answer, exchange.passing)
      assert.deepEqual(overGrpc.map(same), overHttp.map(same))
    })
  }
})

test('without a key every operation is refused as the document says', async (t) => {
  for (const exchange of exchanges) {
    await t.test(exchange.operation, async () => {
      const target = { url: running.url, headers: {} }
      const requests = requestsOf(exchange, 'http')
      const response = await askHttp(target, operation(exchange), requests)
      assert.equal(response.status, 401)
      const problem = (await response.json()) as Answer
      checkFits(operation(exchange), '401', problem)
      assert.equal(problem.reason, 'NO_KEY')
    })
  }
})

test('every operation is a method of the protos, and every method an operation', () => {
  for (const { id } of operations) assert.ok(methodOf(id))
  const methods = new Set(operations.map(({ id }) => methodOf(id)))
  const served = new Set([...methods].flatMap((method) => method.parent.methods))
  assert.deepEqual(methods.size, served.size)
})

function overGrpcToo(exchange: Exchange): Promise<unknown[]> {
  return askGrpc(running.channel, exchange.operation, requestsOf(exchange, 'grpc'))
}

async function checkRefusal(exchange: Exchange, status: 404 | 409): Promise<void> {
  const target = { url: running.url, headers: { 'x-api-key': running.key } }
  const response = await askHttp(target, operation(exchange), requestsOf(exchange, 'http'))
  assert.equal(response.status, status)
  const problem = (await response.json()) as Answer
  checkFits(operation(exchange), `${status}`, problem)
  exchange.check([problem])
  await assert.rejects(overGrpcToo(exchange), { reason: problem.reason })
}

function operation(exchange: Exchange): DocumentedOperation {
  const found = operations.find((each) => each.id === exchange.operation)
  assert.ok(found, exchange.operation)
  return found
}

/** The requests for one protocol: each has a collection of its own. */
function requestsOf(exchange: Exchange, protocol: 'http' | 'grpc'): Json[] {
  const text = JSON.stringify(exchange.request)
    .replaceAll('contract-*', `contract-${protocol}`)
    .replaceAll(OWN_KEY, running.key.split('_')[2] ?? '')
  const request = JSON.parse(text) as Json
  return Array.isArray(request) ? request : [request]
}

async function askDocumented(exchange: Exchange): Promise<unknown[]> {
  const target = { url: running.url, headers: { 'x-api-key': running.key } }
  const asked = operation(exchange)
  const response = await askHttp(target, asked, requestsOf(exchange, 'http'))
  const text = await response.text()
  assert.equal(response.status, 200, text)
  if (!asked.streamsOut) return [JSON.parse(text)]
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

function checkFits(
  asked: DocumentedOperation,
  status: '200' | '401' | '404' | '409',
  answer: unknown,
): void {
  const type =
    status !== '200'
      ? 'application/problem+json'
      : asked.streamsOut
        ? 'application/x-ndjson'
        : 'application/json'
  const place = ['paths', asked.path, asked.verb, 'responses', status, 'content', type, 'schema']
  const pointer = place.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1'))
  const $ref = `openapi#/${pointer.map(encodeURIComponent).join('/')}`
  const fits = ajv.validate({ $ref }, answer)
  assert.ok(fits, `${asked.id}: ${ajv.errorsText()}\n${JSON.stringify(answer, null, 1)}`)
}

/** Fields that differ from one moment, or one collection, to the next. */
const passing = new Set([
  'time',
  'replicaId',
  'replicaBytes',
  'matchIndex',
  'lastIndex',
  'diskBytes',
  'diskFreeBytes',
  'diskUsedBytes',
  'eventId',
  'events',
  'appliedIndex',
  'bytes',
  'createTime',
  'durableIndex',
  'etag',
  'indexedCount',
  'lastHeartbeat',
  'load',
  'memoryBytes',
  'cache',
  'explanation',
  'nextPageToken',
  'sessionToken',
  'shardId',
  'tookUs',
  'updateTime',
  'feedbackCollection',
  'uptimeSeconds',
  'version',
])

function steady(answer: unknown, more: readonly string[] = []): unknown {
  const isPassing = (name: string) => passing.has(name) || more.includes(name)
  const text = JSON.stringify(answer, (name, value) => (isPassing(name) ? null : value))
  return JSON.parse(text.replaceAll('contract-grpc', 'contract-http'))
}
