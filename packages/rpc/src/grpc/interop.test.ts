// Proves that our gRPC server and client understand those of others: here @grpc/grpc-js.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import {
  credentials,
  type handleBidiStreamingCall,
  type handleUnaryCall,
  Client as LibraryClient,
  Server as LibraryServer,
  Metadata,
  ServerCredentials,
} from '@grpc/grpc-js'
import { GRPC_CODES, isVectronError } from '@vectron/base'
import { vectron } from '@vectron/contracts'
import { echoServices, keepingLogger } from '../../test/echo-services.ts'
import { GrpcChannel, type RunningGrpcServer, startGrpcServer } from '../index.ts'

const asIs = (bytes: Buffer) => bytes
const upsertStream = '/vectron.v1.Points/UpsertPointsStream'
const search = '/vectron.v1.Search/Search'

let ours: RunningGrpcServer
let theirClient: LibraryClient
const theirs = new LibraryServer()
let ourChannel: GrpcChannel

before(async () => {
  const { services } = echoServices()
  ours = await startGrpcServer({ port: 0, services, logger: keepingLogger().logger })
  // Algorithm 2 of grpc-js is gzip: every message that it sends is compressed.
  const options = { 'grpc.default_compression_algorithm': 2 }
  const address = `127.0.0.1:${ours.port}`
  theirClient = new LibraryClient(address, credentials.createInsecure(), options)

  theirs.register(search, theirSearch, asIs, asIs, 'unary')
  theirs.register(upsertStream, theirUpsert, asIs, asIs, 'bidi')
  const port = await new Promise<number>((resolve, reject) => {
    theirs.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    )
  })
  ourChannel = new GrpcChannel(`127.0.0.1:${port}`)
})

after(async () => {
  theirClient.close()
  ourChannel.close()
  theirs.forceShutdown()
  await ours.close()
})

const theirSearch: handleUnaryCall<Buffer, Buffer> = (call, callback) => {
  const request = fromBinary(vectron.SearchRequestSchema, call.request)
  if (request.collection === 'c') return callback(null, searchAnswer({ tookUs: 42 }))
  const metadata = new Metadata()
  metadata.set('x', 'y')
  callback({ code: GRPC_CODES.UNAVAILABLE, details: 'später, 100 %', metadata })
}

const theirUpsert: handleBidiStreamingCall<Buffer, Buffer> = (call) => {
  call.on('data', (bytes: Buffer) => {
    const { collection } = fromBinary(vectron.UpsertPointsRequestSchema, bytes)
    call.write(encodeAck({ sessionToken: collection }))
  })
  call.on('end', () => call.end())
}

function searchAnswer(init: MessageInitShape<typeof vectron.SearchResponseSchema>): Buffer {
  const message = create(vectron.SearchResponseSchema, init)
  return Buffer.from(toBinary(vectron.SearchResponseSchema, message))
}

function encodeAck(init: MessageInitShape<typeof vectron.WriteResponseSchema>): Buffer {
  const message = create(vectron.WriteResponseSchema, init)
  return Buffer.from(toBinary(vectron.WriteResponseSchema, message))
}

function encodeUpsert(collection: string): Buffer {
  const message = create(vectron.UpsertPointsRequestSchema, { collection })
  return Buffer.from(toBinary(vectron.UpsertPointsRequestSchema, message))
}

test('their client, with gzip, calls our server', async () => {
  const request = create(vectron.SearchRequestSchema, { collection: 'c', topK: 7 })
  const bytes = Buffer.from(toBinary(vectron.SearchRequestSchema, request))
  const answer = await new Promise<Buffer>((resolve, reject) => {
    theirClient.makeUnaryRequest(search, asIs, asIs, bytes, (error, value) =>
      error === null ? resolve(value as Buffer) : reject(error),
    )
  })
  assert.equal(fromBinary(vectron.SearchResponseSchema, answer).tookUs, 7)
})

test('their client streams both ways with our server', async () => {
  const names = Array.from({ length: 100 }, (_, i) => `c${i}`)
  const call = theirClient.makeBidiStreamRequest(upsertStream, asIs, asIs)
  for (const name of names) call.write(encodeUpsert(name))
  call.end()
  const tokens: string[] = []
  for await (const bytes of call) {
    tokens.push(fromBinary(vectron.WriteResponseSchema, bytes).sessionToken)
  }
  assert.deepEqual(tokens, names)
})

test('our client calls their server, and reads its plain errors', async () => {
  const client = ourChannel.client(vectron.Search)
  assert.equal((await client.search({ collection: 'c' })).tookUs, 42)
  await assert.rejects(client.search({ collection: 'd' }), (error) => {
    return isVectronError(error, 'UNAVAILABLE') && error.message === 'später, 100 %'
  })
})

test('our client streams both ways with their server', async () => {
  const names = Array.from({ length: 100 }, (_, i) => `c${i}`)
  async function* requests() {
    for (const collection of names) yield { collection }
  }
  const tokens: string[] = []
  for await (const ack of ourChannel.client(vectron.Points).upsertPointsStream(requests())) {
    tokens.push(ack.sessionToken)
  }
  assert.deepEqual(tokens, names)
})
