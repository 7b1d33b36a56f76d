// Proves that both servers turn calls away by the header alone, with the answer that a refused call
// gets, that a client who is sending a large request reads it, and that others are not touched.

import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { credentials, Client as LibraryClient, Metadata, type ServiceError } from '@grpc/grpc-js'
import { GRPC_CODES, isVectronError, VectronError } from '@vectron/base'
import { vectron } from '@vectron/contracts'
import { echoServices, keepingLogger } from '../../test/echo-services.ts'
import { GrpcChannel, startGrpcServer, startHttpServer } from '../index.ts'
import type { Arrival, TurnAway } from './turn-away.ts'

const { services } = echoServices()
const { logger } = keepingLogger()
const arrivals: Arrival[] = []
const refusal = new VectronError('OVERLOADED', 'There is too much to do.', { retryAfterMs: 2000 })
let grpc: Awaited<ReturnType<typeof startGrpcServer>>
let http: Awaited<ReturnType<typeof startHttpServer>>
let channel: GrpcChannel

before(async () => {
  const turnAway: TurnAway = (arrival) => {
    arrivals.push(arrival)
    return arrival.method.parent.typeName === vectron.Search.typeName ? refusal : undefined
  }
  const interceptor = async () => {
    throw new Error('was let in')
  }
  const options = { port: 0, services, logger, turnAway, interceptors: [interceptor] }
  grpc = await startGrpcServer(options)
  http = await startHttpServer(options)
  channel = new GrpcChannel(`127.0.0.1:${grpc.port}`)
})

after(async () => {
  channel.close()
  await grpc.close(0)
  await http.close(0)
})

test('A gRPC call is turned away, unary or a stream, with its reason and when to come again', async () => {
  const search = channel.client(vectron.Search)
  const isRefused = (error: unknown) =>
    isVectronError(error, 'OVERLOADED') && error.retryAfterMs === 2000
  await assert.rejects(search.search({}, { timeoutMs: 700 }), isRefused)
  assert.equal(arrivals.at(-1)?.remainingMs, 700)
  await assert.rejects(async () => {
    for await (const _ of search.searchStream({}));
  }, isRefused)
})

test('A gRPC library that is sending megabytes reads why it is turned away', async () => {
  const client = new LibraryClient(`127.0.0.1:${grpc.port}`, credentials.createInsecure())
  const error = await new Promise<ServiceError | null>((resolve) => {
    const bytes = (value: Buffer) => value
    const path = '/vectron.v1.Search/BatchSearch'
    client.makeUnaryRequest(path, bytes, bytes, Buffer.alloc(16 * 2 ** 20), resolve)
  })
  client.close()
  assert.equal(error?.code, GRPC_CODES.RESOURCE_EXHAUSTED)
  assert.equal(error.details, refusal.message)
})

test('Who sends a request id over gRPC gets it back', async () => {
  const client = new LibraryClient(`127.0.0.1:${grpc.port}`, credentials.createInsecure())
  const metadata = new Metadata()
  metadata.set('x-request-id', 'mine')
  const answered = await new Promise((resolve) => {
    const bytes = (value: Buffer) => value
    client.makeUnaryRequest(
      '/vectron.v1.Search/Search',
      bytes,
      bytes,
      Buffer.alloc(0),
      metadata,
      (error: ServiceError | null) => resolve(error?.metadata.get('x-request-id')),
    )
  })
  client.close()
  assert.deepEqual(answered, ['mine'])
})

test('A request over HTTP is turned away before its body has come', async () => {
  const socket = connect(http.port, '127.0.0.1')
  socket.write(
    'POST /v1/collections/c/points:search HTTP/1.1\r\nhost: x\r\nx-request-id: mine\r\n' +
      'content-type: application/json\r\ncontent-length: 1000\r\n\r\n{',
  )
  let answer = ''
  for await (const part of socket) {
    answer += part
    if (answer.includes('}]')) break
  }
  socket.destroy()
  assert.match(answer, /^HTTP\/1\.1 429 /)
  assert.match(answer, /^retry-after: 2\r$/im)
  assert.match(answer, /^x-request-id: mine\r$/im)
  assert.match(answer, /"reason":"OVERLOADED".*"requestId":"mine"/)
  assert.equal(arrivals.at(-1)?.protocol, 'http')
})

test('Other calls go on to the interceptors', async () => {
  const points = channel.client(vectron.Points)
  await assert.rejects(points.getPoint({ collection: 'c', id: 'a' }), { reason: 'INTERNAL' })
  const response = await fetch(`http://127.0.0.1:${http.port}/v1/collections/c/points/a`)
  assert.equal(response.status, 500)
})
