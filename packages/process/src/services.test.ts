/**
 * Proves that the five services, each opened as in a process of its own, make a cluster over real
 * sockets and mutual TLS, whichever of them is there first, and close in any order.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { createLogger, isVectronError } from '@vectron/base'
import { encodeVector, grpcHealth, vectron, wire } from '@vectron/contracts'
import { GrpcChannel } from '@vectron/rpc'
import { AUTH_SERVICE, createKey } from './auth-service.ts'
import { Closers } from './closers.ts'
import { gatewayService } from './gateway-service.ts'
import { PLACEMENT_SERVICE } from './placement-service.ts'
import { RERANKER_SERVICE } from './reranker-service.ts'
import { systemSurroundings } from './surroundings.ts'
import {
  configOf,
  issueTls,
  makeAuthority,
  openService,
  type TlsRequest,
  temporaryFolder,
} from './testing/service-fixture.ts'
import { WORKER_SERVICE } from './worker-service.ts'

test('Services of their own make a cluster over mutual TLS.', async (t) => {
  const folder = temporaryFolder(t)
  const authority = await makeAuthority()
  const tls = (request: TlsRequest) => issueTls(folder, authority, request)
  const own = async (request: TlsRequest) => ({
    ...(await tls(request)),
    'data.folder': join(folder, request.role),
    'grpc.port': '0',
  })
  const placement = await openService(t, PLACEMENT_SERVICE, {
    ...(await own({ role: 'placement', id: 1n })),
    'raft.port': '0',
  })
  const members = { 'placement.members': placement.addresses['grpc'] ?? '' }
  const worker = await openService(t, WORKER_SERVICE, {
    ...(await own({ role: 'worker' })),
    ...members,
    'raft.port': '0',
  })
  await openService(t, RERANKER_SERVICE, {
    ...(await tls({ role: 'reranker' })),
    ...members,
    'grpc.port': '0',
  })
  const authSettings = await own({ role: 'auth' })
  const auth = await openService(t, AUTH_SERVICE, authSettings)
  const gateway = await openService(t, gatewayService([]), {
    ...(await tls({ role: 'gateway' })),
    ...members,
    'auth.addresses': auth.addresses['grpc'] ?? '',
    'http.port': '0',
    'grpc.port': '0',
  })
  assert.deepEqual(await gateway.problems(), [])

  const apiKey = await createKey(configOf(AUTH_SERVICE, authSettings), 'test')
  const headers = { authorization: `Bearer ${apiKey}` }
  const channel = new GrpcChannel(gateway.addresses['grpc'] ?? '', { headers })
  t.after(() => channel.close())
  await channel.client(vectron.Collections).createCollection({ name: 'c', dimension: 2 })
  const points = channel.shadowClient({ open: vectron.Points, shadow: wire.Points })
  const vector = encodeVector(new Uint8Array(new Float32Array([1, 2]).buffer))
  const { affected } = await points.upsertPoints({ collection: 'c', points: [{ id: 'a', vector }] })
  assert.equal(affected, 1n)
  const search = {
    collection: 'c',
    query: { case: 'id', value: 'a' },
    rerank: { strategy: 'mmr' },
  } as const
  const { rerank } = await channel.client(vectron.Search).search(search)
  assert.deepEqual([rerank?.degraded, rerank?.message], [false, ''])

  // Nobody without a certificate has a word with the inner services.
  const stranger = new GrpcChannel(worker.addresses['grpc'] ?? '')
  t.after(() => stranger.close())
  await assert.rejects(stranger.client(grpcHealth.Health).check({}), (error) =>
    isVectronError(error, 'UNAVAILABLE'),
  )
})

test('A service names the setting of a port that is taken, and of TLS that is half set.', async (t) => {
  const folder = temporaryFolder(t)
  const secret = { 'trust.secretFile': join(folder, 'secret') }
  const values = { ...secret, 'data.folder': join(folder, 'a'), 'grpc.port': '0' }
  const { addresses } = await openService(t, AUTH_SERVICE, values)
  const port = addresses['grpc']?.split(':')[1] ?? ''
  const taken = { ...secret, 'data.folder': join(folder, 'b'), 'grpc.port': port }
  await assert.rejects(openService(t, AUTH_SERVICE, taken), (error) => {
    assert.ok(isVectronError(error, 'CONFLICT'))
    assert.match(error.message, /Choose another: grpc\.port/)
    return true
  })
  const half = { ...values, 'data.folder': join(folder, 'c'), 'tls.cert': 'x.pem' }
  await assert.rejects(openService(t, AUTH_SERVICE, half), /tls\.key is empty/)
})

test('A worker waits for placement, and a stop ends the wait.', async (t) => {
  const closers = new Closers()
  t.after(() => closers.closeAll())
  const stopping = new AbortController()
  const around = systemSurroundings({
    logger: createLogger({ name: 'worker', write: () => {} }),
    version: '1',
    bootEpoch: 1n,
    onFatal: (error) => assert.fail(`fatal: ${error}`),
    closers,
    signal: stopping.signal,
  })
  const folder = temporaryFolder(t)
  const config = configOf(WORKER_SERVICE, {
    'data.folder': folder,
    'trust.secretFile': join(folder, 'secret'),
    'grpc.port': '0',
    'raft.port': '0',
    'placement.members': '127.0.0.1:1',
  })
  const opening = WORKER_SERVICE.open(config, around)
  setImmediate(() => stopping.abort())
  await assert.rejects(opening, (error) => isVectronError(error, 'CANCELLED'))
})
