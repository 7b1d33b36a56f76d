// Proves that the gRPC server and client carry all four kinds of calls, errors with their details,
// deadlines, cancellation and limits, and that health and reflection answer.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectHttp2, constants } from 'node:http2'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { create, fromBinary } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import { credentials, Client as LibraryClient, type ServiceError } from '@grpc/grpc-js'
import {
  type ErrorReason,
  GRPC_CODES,
  isVectronError,
  LIMITS,
  REASONS,
  VectronError,
} from '@vectron/base'
import {
  auth,
  encodeVector,
  grpcHealth,
  grpcReflection,
  grpcReflectionAlpha,
  vectron,
  wire,
} from '@vectron/contracts'
import { CRASH, echoServices, HANG, keepingLogger, QUOTED } from '../../test/echo-services.ts'
import { type Client, GrpcChannel, type RunningGrpcServer, startGrpcServer } from '../index.ts'
import { decodeStatus } from './grpc-status.ts'

const { services, seen } = echoServices()
const { logger, lines } = keepingLogger()
let server: RunningGrpcServer
let channel: GrpcChannel
let points: Client<typeof vectron.Points>
let search: Client<typeof vectron.Search>

before(async () => {
  server = await startGrpcServer({ port: 0, services, logger, messageBytesMax: 100_000 })
  channel = new GrpcChannel(`127.0.0.1:${server.port}`)
  points = channel.client(vectron.Points)
  search = channel.client(vectron.Search)
})

after(async () => {
  channel.close()
  await server.close()
})

async function* stream<T>(...items: T[]): AsyncGenerator<T> {
  yield* items
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

function refusedFor(reason: ErrorReason) {
  return (error: unknown) => isVectronError(error, reason)
}

test('a unary call reaches its handler; floats arrive as bytes', async () => {
  const floats = { case: 'floats' as const, value: { values: [1, 2, 3] } }
  const query = { case: 'vector' as const, value: { data: floats } }
  const answer = await search.search({ collection: 'c', query, topK: 7 })
  assert.deepEqual(answer.warnings, ['12 bytes'])
  assert.equal(answer.tookUs, 7)
})

test('a shadow client sends the same bytes', async () => {
  const shadow = channel.shadowClient({ open: vectron.Search, shadow: wire.Search })
  const value = encodeVector(new Uint8Array(400))
  const answer = await shadow.search({ collection: 'c', query: { case: 'vector', value } })
  assert.deepEqual(answer.warnings, ['400 bytes'])
})

test('streams keep their order in both directions', async () => {
  const answers = await collect(search.searchStream({ collection: 'c', topK: 50 }))
  assert.deepEqual(
    answers.map((answer) => answer.shardsAnswered),
    Array.from({ length: 50 }, (_, i) => i + 1),
  )
  const names = Array.from({ length: 200 }, (_, i) => `c${i}`)
  const acks = await collect(
    points.upsertPointsStream(stream(...names.map((collection) => ({ collection })))),
  )
  assert.deepEqual(
    acks.map((ack) => ack.sessionToken),
    names,
  )
})

test('an error arrives as it was thrown, with every detail', async () => {
  const refused = await points.upsertPoints({ collection: 'DISK_FULL' }).catch((error) => error)
  assert.ok(refused instanceof VectronError)
  const { reason, message, field, subject, retryAfterMs, metadata } = refused
  assert.deepEqual(
    { reason, message, field, subject, retryAfterMs, metadata },
    {
      reason: 'DISK_FULL',
      message: 'Refused: DISK_FULL.',
      field: 'collection',
      subject: 'the subject',
      retryAfterMs: 1500,
      metadata: { leader: 'worker-7' },
    },
  )
})

test('every reason arrives as itself, with its code', async () => {
  for (const [reason, row] of Object.entries(REASONS)) {
    const refused = await points.upsertPoints({ collection: reason }).catch((error) => error)
    assert.ok(isVectronError(refused, reason as ErrorReason), reason)
    const failed = await libraryCall('/vectron.v1.Points/UpsertPoints', nameField(reason))
    assert.equal(failed?.code, GRPC_CODES[row.grpc], reason)
    assert.equal(failed?.details, `Refused: ${reason}.`)
  }
})

test('a stream that fails gives its answers first, then the error', async () => {
  const answers: number[] = []
  const failing = (async () => {
    for await (const answer of search.searchStream({ collection: 'OVERLOADED', topK: 2 })) {
      answers.push(answer.shardsAnswered)
    }
  })()
  await assert.rejects(failing, refusedFor('OVERLOADED'))
  assert.deepEqual(answers, [1, 2])
})

test('a crash shows nothing of itself but is logged with its request id', async () => {
  const crashed = await points.upsertPoints({ collection: CRASH }).catch((error) => error)
  assert.ok(isVectronError(crashed, 'INTERNAL'))
  assert.doesNotMatch(crashed.message, /secret/)
  const logged = lines.map((line) => JSON.parse(line)).at(-1)
  assert.match(crashed.message, new RegExp(logged.requestId))
  assert.equal(logged.err.message, 'a secret of the inside')
})

test('the deadline ends the call on both sides', async () => {
  const before = seen.aborted
  const late = search.search({ collection: HANG }, { timeoutMs: 50 })
  await assert.rejects(late, refusedFor('DEADLINE_EXCEEDED'))
  await until(() => seen.aborted === before + 1)
})

test('a caller who leaves aborts the handler', async () => {
  const before = seen.aborted
  const calls = seen.calls.length
  const controller = new AbortController()
  const call = search.search({ collection: HANG }, { signal: controller.signal })
  await until(() => seen.calls.length > calls)
  controller.abort()
  await assert.rejects(call, refusedFor('CANCELLED'))
  await until(() => seen.aborted === before + 1)
})

test('headers reach the handler, and the request id comes back', async () => {
  await search.search(
    { collection: 'c' },
    { headers: { 'x-request-id': 'r-1', 'x-colour': 'red' } },
  )
  const call = seen.calls.at(-1)
  assert.equal(call?.requestId, 'r-1')
  assert.equal(call?.header('x-colour'), 'red')
  assert.match(call?.peer ?? '', /^127\.0\.0\.1:\d+$/)
})

test('a message beyond the limit is refused, and the next call works', async () => {
  const big = { collection: 'c', points: [{ id: 'p', text: 'x'.repeat(150_000) }] }
  await assert.rejects(points.upsertPoints(big), refusedFor('BODY_TOO_LARGE'))
  const huge = { collection: 'c', points: [{ id: 'p', text: 'x'.repeat(900_000) }] }
  await assert.rejects(points.upsertPoints(huge), VectronError)
  assert.equal((await points.upsertPoints({ collection: 'c' })).affected, 0n)
})

test('bytes that are no message are refused by what is wrong with them', async () => {
  const sent: [number[], ErrorReason][] = [
    [[0x0a, 0x05, 0x01], 'INVALID_PROTOBUF'],
    [[0xff, 0xff, 0xff], 'INVALID_PROTOBUF'],
    [[0x0a, 0x02, 0xc3, 0x28], 'INVALID_UTF8'],
  ]
  for (const [bytes, reason] of sent) {
    assert.equal(await reasonFor(Buffer.from(bytes)), reason, `${bytes}`)
  }
})

test('interceptors run outside in, and may refuse', async () => {
  const order: string[] = []
  const guarded = await startGrpcServer({
    port: 0,
    services,
    logger,
    interceptors: [
      async (call, next) => {
        order.push('outer')
        await next()
        order.push(`after ${call.method.name}`)
      },
      async (call, next) => {
        order.push('inner')
        if (call.header('x-api-key') === undefined) throw new VectronError('NO_KEY', 'No key.')
        call.principal = create(auth.PrincipalSchema, { keyId: 'k' })
        await next()
      },
    ],
  })
  const guardedChannel = new GrpcChannel(`127.0.0.1:${guarded.port}`)
  const client = guardedChannel.client(vectron.Search)
  await assert.rejects(client.search({ collection: 'c' }), refusedFor('NO_KEY'))
  await client.search({ collection: 'c' }, { headers: { 'x-api-key': 'secret' } })
  assert.deepEqual(order, ['outer', 'inner', 'outer', 'inner', 'after Search'])
  assert.equal(seen.calls.at(-1)?.principal?.keyId, 'k')
  await guardedChannel.client(grpcHealth.Health).check({})
  guardedChannel.close()
  await guarded.close()
})

test('a caller may let go of calls that were refused before their bodies came', async (t) => {
  const refusing = await startGrpcServer({
    port: 0,
    services,
    logger,
    interceptors: [
      async () => {
        throw new VectronError('OVERLOADED', 'full')
      },
    ],
  })
  t.after(() => refusing.close())
  const session = connectHttp2(`http://127.0.0.1:${refusing.port}`)
  t.after(() => session.destroy())
  const headers = {
    ':method': 'POST',
    ':path': '/vectron.v1.Search/Search',
    'content-type': 'application/grpc',
  }
  const refuseOne = async () => {
    const call = session.request(headers, { endStream: false })
    const [head] = await once(call, 'response')
    call.close(constants.NGHTTP2_CANCEL)
    await once(call, 'close')
    return head['grpc-status']
  }
  const calls = 20 * LIMITS.publicResets.burst
  for (let sent = 0; sent < calls; sent += 100) {
    const statuses = await Promise.all(Array.from({ length: 100 }, refuseOne))
    assert.deepEqual([...new Set(statuses)], [`${GRPC_CODES.RESOURCE_EXHAUSTED}`])
  }
})

test('health tells the state and its changes', async () => {
  const health = channel.client(grpcHealth.Health)
  const { NOT_SERVING, SERVING } = grpcHealth.HealthCheckResponse_ServingStatus
  assert.equal((await health.check({})).status, NOT_SERVING)
  const watch = health.watch({ service: 'vectron.v1.Search' })[Symbol.asyncIterator]()
  assert.equal((await watch.next()).value?.status, NOT_SERVING)
  server.health.set('serving')
  assert.equal((await watch.next()).value?.status, SERVING)
  assert.equal((await health.check({ service: 'vectron.v1.Points' })).status, SERVING)
  await watch.return?.()
  await assert.rejects(health.check({ service: 'vectron.v1.Nothing' }))
})

test('reflection lists services and gives files with their imports, in both versions', async () => {
  for (const desc of [grpcReflection.ServerReflection, grpcReflectionAlpha.ServerReflection]) {
    const client = channel.client(desc) as Client<typeof grpcReflection.ServerReflection>
    const [list, file, missing] = await collect(
      client.serverReflectionInfo(
        stream(
          { messageRequest: { case: 'listServices' as const, value: '' } },
          { messageRequest: { case: 'fileContainingSymbol' as const, value: 'vectron.v1.Search' } },
          { messageRequest: { case: 'fileByFilename' as const, value: 'no/such.proto' } },
        ),
      ),
    )
    assert.equal(list?.messageResponse.case, 'listServicesResponse')
    const names = list.messageResponse.value.service.map((service) => service.name)
    assert.ok(names.includes('vectron.v1.Points') && names.includes('grpc.health.v1.Health'))
    assert.ok(!names.some((name) => name.startsWith('wire.')))
    assert.equal(file?.messageResponse.case, 'fileDescriptorResponse')
    const files = file.messageResponse.value.fileDescriptorProto.map(
      (bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name,
    )
    assert.equal(files[0], 'vectron/v1/search.proto')
    assert.ok(files.includes('vectron/v1/filter.proto'))
    assert.equal(missing?.messageResponse.case, 'errorResponse')
  }
})

test('a method that does not exist is unimplemented', async () => {
  const failed = await libraryCall('/vectron.v1.Search/Sing', Buffer.alloc(0))
  assert.equal(failed?.code, GRPC_CODES.UNIMPLEMENTED)
})

test('many calls at once share a connection', async () => {
  const calls = Array.from({ length: 500 }, (_, i) => search.search({ collection: 'c', topK: i }))
  const answers = await Promise.all(calls)
  assert.deepEqual(
    answers.map((answer) => answer.tookUs),
    answers.map((_, i) => i),
  )
})

test('large messages pass in both directions, and a refused one harms nobody', async () => {
  const roomy = await startGrpcServer({ port: 0, services, logger })
  const wide = new GrpcChannel(`127.0.0.1:${roomy.port}`)
  const client = wide.client(vectron.Points)
  const ids = Array.from({ length: 100 }, (_, i) => `${i}`.padEnd(100_000, 'x'))
  const found = await client.batchGetPoints({ collection: 'c', ids })
  assert.deepEqual(found.missing, ids)
  const tooLarge = client.batchGetPoints({ collection: 'c', ids: [...ids, ...ids, ...ids, ...ids] })
  await assert.rejects(tooLarge, refusedFor('BODY_TOO_LARGE'))
  assert.deepEqual((await client.batchGetPoints({ ids: ['a'] })).missing, ['a'])
  wide.close()
  await roomy.close()
})

test('a server that is gone is UNAVAILABLE, and one that came back is found again', async () => {
  const first = await startGrpcServer({ port: 0, services, logger })
  const { port } = first
  const revived = new GrpcChannel(`127.0.0.1:${port}`)
  const client = revived.client(vectron.Search)
  await client.search({ collection: 'c' })
  await first.close()
  await assert.rejects(client.search({ collection: 'c' }), refusedFor('UNAVAILABLE'))
  const second = await startGrpcServer({ port, services, logger })
  assert.equal((await client.search({ collection: 'c', topK: 3 })).tookUs, 3)
  revived.close()
  await second.close()
})

test('a port in use is named', async () => {
  const taken = startGrpcServer({ port: server.port, services, logger })
  await assert.rejects(taken, (error) => isVectronError(error, 'UNAVAILABLE'))
})

/** The reason with which Search.Search refuses these bytes. */
async function reasonFor(bytes: Buffer): Promise<string | undefined> {
  const failed = await libraryCall('/vectron.v1.Search/Search', bytes)
  const details = failed?.metadata.get('grpc-status-details-bin')[0]
  assert.ok(details instanceof Buffer)
  return decodeStatus({ code: failed?.code ?? 0, message: '', details }).reason
}

/** What the gRPC library of others makes of a call: the error, or undefined. */
async function libraryCall(path: string, bytes: Buffer): Promise<ServiceError | undefined> {
  const client = new LibraryClient(`127.0.0.1:${server.port}`, credentials.createInsecure())
  const same = (each: Buffer) => each
  const error = await new Promise<ServiceError | null>((resolve) => {
    client.makeUnaryRequest(path, same, same, bytes, resolve)
  })
  client.close()
  return error ?? undefined
}

/** An encoded message whose field 1 is this text. */
function nameField(name: string): Buffer {
  return Buffer.concat([Buffer.of(0x0a, name.length), Buffer.from(name)])
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}

test('a connection that stays silent is given up, and the next call dials anew', async (t) => {
  const sockets = new Set<Socket>()
  const dialled = Promise.withResolvers<void>()
  const mute = createServer((socket) => {
    sockets.add(socket)
    socket.resume()
    socket.on('error', () => {})
    if (sockets.size === 2) dialled.resolve()
  })
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    mute.close()
  })
  const { port } = mute.address() as AddressInfo
  const lost = new GrpcChannel(`127.0.0.1:${port}`, { silenceMsMax: 30 })
  t.after(() => lost.close())
  const client = lost.client(vectron.Search)
  const ask = (timeoutMs: number) => client.search({ collection: 'c' }, { timeoutMs })
  const patient = ask(10_000)
  await assert.rejects(ask(40), refusedFor('DEADLINE_EXCEEDED'))
  await assert.rejects(patient, refusedFor('UNAVAILABLE'))
  const anew = assert.rejects(ask(10_000), refusedFor('UNAVAILABLE'))
  await dialled.promise
  lost.close()
  await anew
})

test('an error that quotes a long text of the caller still arrives', async () => {
  const collection = '🐶'.repeat(10_000)
  await assert.rejects(
    search.search({ collection: `${QUOTED}${collection}` }),
    (error) => isVectronError(error, 'COLLECTION_NOT_FOUND') && error.message.endsWith('…'),
  )
})
