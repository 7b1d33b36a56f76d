/**
 * Proves that the four services, each opened as in a process of its own, make a cluster over real
 * sockets and mutual TLS, whichever of them is there first, and close in any order.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import {
  type ConfigSpec,
  type ConfigValues,
  createLogger,
  isVectronError,
  loadConfig,
} from '@vectron/base'
import { encodeVector, grpcHealth, vectron, wire } from '@vectron/contracts'
import { GrpcChannel } from '@vectron/rpc'
import { AUTH_SERVICE, createKey } from './auth-service.ts'
import { Closers } from './closers.ts'
import { gatewayService } from './gateway-service.ts'
import { PLACEMENT_SERVICE } from './placement-service.ts'
import type { OpenService, ServiceDefinition } from './run-service.ts'
import { systemSurroundings } from './surroundings.ts'
import { WORKER_SERVICE } from './worker-service.ts'

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'vectron-services-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

/** One certificate for all nodes of the test. */
function makeCertificate(folder: string): Readonly<Record<string, string>> {
  const openssl = (...args: string[]) =>
    execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=ca')
  openssl('req', ...key, '-keyout', 'node.key', '-out', 'node.csr', '-subj', '/O=node')
  writeFileSync(join(folder, 'ext'), 'subjectAltName=DNS:node-placement-1,DNS:node-worker-1\n')
  const files = ['-in', 'node.csr', '-out', 'node.pem', '-extfile', 'ext', '-days', '2']
  openssl('x509', '-req', ...files, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial')
  return {
    'tls.cert': join(folder, 'node.pem'),
    'tls.key': join(folder, 'node.key'),
    'tls.ca': join(folder, 'ca.pem'),
  }
}

function configOf<S extends ConfigSpec>(
  { settings }: ServiceDefinition<S>,
  values: Readonly<Record<string, string>>,
): ConfigValues<S> {
  const flags = Object.entries(values).map(([path, value]) => ({ path, value, flag: path }))
  return loadConfig(settings, { flags }).values
}

/** Opens a service; what it opened is closed at the end of the test, newest first. */
async function open<S extends ConfigSpec>(
  t: TestContext,
  service: ServiceDefinition<S>,
  values: Readonly<Record<string, string>>,
): Promise<OpenService> {
  const closers = new Closers()
  t.after(() => closers.closeAll())
  const around = systemSurroundings({
    logger: createLogger({ name: service.name, write: (line) => t.diagnostic(line.trim()) }),
    version: '1',
    bootEpoch: 1n,
    onFatal: (error) => assert.fail(`fatal: ${error}`),
    closers,
    signal: new AbortController().signal,
  })
  return service.open(configOf(service, values), around)
}

test('Services of their own make a cluster over mutual TLS.', async (t) => {
  const folder = temporaryFolder(t)
  const tls = makeCertificate(folder)
  const own = (name: string) => ({ ...tls, 'data.folder': join(folder, name), 'grpc.port': '0' })
  const placement = await open(t, PLACEMENT_SERVICE, { ...own('p'), 'raft.port': '0' })
  const members = { 'placement.members': placement.addresses['grpc'] ?? '' }
  const worker = await open(t, WORKER_SERVICE, { ...own('w'), ...members, 'raft.port': '0' })
  const authSettings = own('a')
  const auth = await open(t, AUTH_SERVICE, authSettings)
  const gateway = await open(t, gatewayService([]), {
    ...tls,
    ...members,
    'auth.address': auth.addresses['grpc'] ?? '',
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

  // Nobody without a certificate has a word with the inner services.
  const stranger = new GrpcChannel(worker.addresses['grpc'] ?? '')
  t.after(() => stranger.close())
  await assert.rejects(stranger.client(grpcHealth.Health).check({}), (error) =>
    isVectronError(error, 'UNAVAILABLE'),
  )
})

test('A service names the setting of a port that is taken, and of TLS that is half set.', async (t) => {
  const folder = temporaryFolder(t)
  const values = { 'data.folder': join(folder, 'a'), 'grpc.port': '0' }
  const { addresses } = await open(t, AUTH_SERVICE, values)
  const port = addresses['grpc']?.split(':')[1] ?? ''
  const taken = { 'data.folder': join(folder, 'b'), 'grpc.port': port }
  await assert.rejects(open(t, AUTH_SERVICE, taken), (error) => {
    assert.ok(isVectronError(error, 'CONFLICT'))
    assert.match(error.message, /Choose another: grpc\.port/)
    return true
  })
  const half = { ...values, 'data.folder': join(folder, 'c'), 'tls.cert': 'x.pem' }
  await assert.rejects(open(t, AUTH_SERVICE, half), /tls\.key is empty/)
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
  const config = configOf(WORKER_SERVICE, {
    'data.folder': temporaryFolder(t),
    'grpc.port': '0',
    'raft.port': '0',
    'placement.members': '127.0.0.1:1',
  })
  const opening = WORKER_SERVICE.open(config, around)
  setImmediate(() => stopping.abort())
  await assert.rejects(opening, (error) => isVectronError(error, 'CANCELLED'))
})
