/**
 * Proves who is let in between processes: over real sockets, with certificates of the cluster's
 * authority, of another one, ended ones and such of the wrong role, and with secrets.
 */
import assert from 'node:assert/strict'
import { copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { isVectronError, type NodeRole } from '@vectron/base'
import { auth } from '@vectron/contracts'
import { bindService, GrpcChannel, type GrpcChannelOptions } from '@vectron/rpc'
import { AUTH_SERVICE } from './auth-service.ts'
import type { KeyedCertificate } from './certificates/authority.ts'
import { openClusterSecret } from './cluster-secret.ts'
import { gatewayService } from './gateway-service.ts'
import { openGrpcEndpoint } from './grpc-endpoint.ts'
import { PLACEMENT_SERVICE } from './placement-service.ts'
import {
  configOf,
  issueTls,
  makeAuthority,
  openService,
  surround,
  type TlsRequest,
  temporaryFolder,
  type Values,
} from './testing/service-fixture.ts'
import { channelOptions, openTrust, type Trust } from './trust.ts'
import { WORKER_SERVICE } from './worker-service.ts'

const DAY_MS = 24 * 3_600_000

/** The certificates that settings name, as a process of the role has them. */
function trustOf(t: TestContext, role: NodeRole, values: Values): Promise<Trust> {
  const { tls, trust } = configOf(AUTH_SERVICE, values)
  return openTrust({ role, tls, trust, listens: {}, dials: {} }, surround(t, role))
}

/** The authenticator's answer to a caller that shows itself like this. */
async function ask(t: TestContext, address: string, options: GrpcChannelOptions): Promise<string> {
  const channel = new GrpcChannel(address, options)
  t.after(() => channel.close())
  try {
    await channel.client(auth.Auth).validateKey({ apiKey: 'vk_nobody' })
    return 'answered'
  } catch (error) {
    return isVectronError(error) ? error.reason : String(error)
  }
}

const pemOf = (values: Values): GrpcChannelOptions => {
  const [cert = '', key = '', ca = ''] = ['cert', 'key', 'ca'].map((kind) =>
    readFileSync(values[`tls.${kind}`] ?? '', 'utf8'),
  )
  return { tls: { pem: { cert, key, ca }, onChanged: () => {} } }
}

async function openAuth(t: TestContext, authority: KeyedCertificate) {
  const folder = temporaryFolder(t)
  const tls = await issueTls(folder, authority, { role: 'auth' })
  const values = { ...tls, 'data.folder': join(folder, 'auth'), 'grpc.port': '0' }
  const { addresses } = await openService(t, AUTH_SERVICE, values)
  const issue = async (request: TlsRequest, signer = authority) => {
    const made = await issueTls(temporaryFolder(t), signer, request)
    return pemOf({ ...made, 'tls.ca': tls['tls.ca'] ?? '' })
  }
  return { folder, issue, address: addresses['grpc'] ?? '' }
}

test('The authenticator answers gateways of the cluster, and nobody else.', async (t) => {
  const { address, issue } = await openAuth(t, await makeAuthority())
  assert.equal(await ask(t, address, await issue({ role: 'gateway' })), 'answered')
  assert.equal(await ask(t, address, await issue({ role: 'worker' })), 'UNTRUSTED_PROCESS')
  const foreign = await makeAuthority('test')
  assert.equal(await ask(t, address, await issue({ role: 'gateway' }, foreign)), 'UNAVAILABLE')
  const ended = { role: 'gateway', nowMs: Date.now() - 3 * DAY_MS } as const
  assert.equal(await ask(t, address, await issue(ended)), 'UNAVAILABLE')
  assert.equal(await ask(t, address, {}), 'UNAVAILABLE')
})

test('A caller sends nothing to a server that is another kind of node than it means.', async (t) => {
  const authority = await makeAuthority()
  const { address } = await openAuth(t, authority)
  const values = await issueTls(temporaryFolder(t), authority, { role: 'gateway' })
  const trust = await trustOf(t, 'gateway', values)
  const as = (role: NodeRole) => channelOptions(trust, { address, role })
  assert.equal(await ask(t, address, as('auth')), 'answered')
  assert.equal(await ask(t, address, as('worker')), 'UNAVAILABLE')
})

test('A process refuses to start with a certificate that nobody would take.', async (t) => {
  const authority = await makeAuthority()
  const folder = temporaryFolder(t)
  const base = { 'data.folder': folder, 'grpc.port': '0' }
  const wrong = await issueTls(folder, authority, { role: 'worker' })
  await assert.rejects(
    openService(t, AUTH_SERVICE, { ...base, ...wrong }),
    /is for DNS:node-worker, not for node-auth\. Make one: vectron cert issue auth/,
  )
  const nowMs = Date.now() - 3 * DAY_MS
  const ended = await issueTls(folder, authority, { role: 'auth', nowMs })
  await assert.rejects(
    openService(t, AUTH_SERVICE, { ...base, ...ended }),
    /ended on .*Renew it: vectron cert renew/,
  )
})

test('Without certificates an address of other machines is refused, with what to do.', async (t) => {
  const folder = temporaryFolder(t)
  const base = { 'data.folder': folder, 'trust.secretFile': join(folder, 'secret') }
  const refused = (field: string) => (error: unknown) => {
    assert.ok(isVectronError(error, 'INVALID_ARGUMENT'), `${error}`)
    assert.equal(error.field, field)
    assert.match(error.message, /vectron cert issue (auth|worker|placement|gateway) NAME/)
    return true
  }
  for (const host of ['0.0.0.0', '::', '10.0.0.1', 'db-1.example.org']) {
    const listening = { ...base, 'grpc.host': host, 'grpc.advertise': 'a:1' }
    await assert.rejects(openService(t, AUTH_SERVICE, listening), refused('grpc.host'))
    await assert.rejects(openService(t, WORKER_SERVICE, listening), refused('grpc.host'))
  }
  const raft = { ...base, 'raft.host': '0.0.0.0' }
  await assert.rejects(openService(t, PLACEMENT_SERVICE, raft), refused('raft.host'))
  const far = {
    'trust.secretFile': join(folder, 'secret'),
    'auth.addresses': '127.0.0.1:1,10.0.0.1:6210',
  }
  await assert.rejects(openService(t, gatewayService([]), far), refused('auth.addresses'))
  const placement = { ...base, 'placement.members': '127.0.0.1:1,10.0.0.1:6190' }
  await assert.rejects(openService(t, WORKER_SERVICE, placement), refused('placement.members'))
})

test('On one machine the secret is what counts: made once, for its owner, never sent away.', async (t) => {
  const folder = temporaryFolder(t)
  const secretFile = join(folder, 'run', 'secret')
  const { addresses } = await openService(t, AUTH_SERVICE, {
    'data.folder': folder,
    'grpc.port': '0',
    'trust.secretFile': secretFile,
  })
  const address = addresses['grpc'] ?? ''
  assert.equal(statSync(secretFile).mode & 0o777, 0o600)
  const trust = await trustOf(t, 'gateway', { 'trust.secretFile': secretFile })
  assert.equal(await ask(t, address, channelOptions(trust, { address, role: 'auth' })), 'answered')
  const other = await trustOf(t, 'gateway', { 'trust.secretFile': join(folder, 'other') })
  assert.equal(
    await ask(t, address, channelOptions(other, { address, role: 'auth' })),
    'UNTRUSTED_PROCESS',
  )
  assert.equal(await ask(t, address, {}), 'UNTRUSTED_PROCESS')
  assert.throws(
    () => channelOptions(trust, { address: '10.0.0.1:6210', role: 'auth' }),
    /10\.0\.0\.1:6210 is another machine/,
  )
  writeFileSync(join(folder, 'short'), 'x')
  assert.throws(() => openClusterSecret(join(folder, 'short')), /holds no secret/)
})

test('Renewed certificates count without a restart, and open connections go on.', async (t) => {
  const [first, second] = [await makeAuthority('first'), await makeAuthority('second')]
  const folder = temporaryFolder(t)
  const values = await issueTls(folder, first, { role: 'auth' })
  const around = surround(t, 'auth')
  const trust = await trustOf(t, 'auth', values)
  assert.ok(trust.kind === 'certificates')
  let calls = 0
  const service = bindService(auth.Auth, {
    async validateKey() {
      calls++
      return {}
    },
    async *watchChanges() {},
    reportUsage: async () => ({}),
    listAuditRecords: async () => ({}),
  })
  const endpoint = await openGrpcEndpoint(
    {
      endpoint: { host: '127.0.0.1', port: 0, advertise: '', setting: 'grpc.advertise' },
      services: [service],
      trust,
      callers: ['gateway'],
    },
    around,
  )
  endpoint.serve()
  const caller = (authority: KeyedCertificate) =>
    issueTls(temporaryFolder(t), authority, { role: 'gateway' }).then(pemOf)
  const early = new GrpcChannel(endpoint.address, await caller(first))
  t.after(() => early.close())
  await early.client(auth.Auth).validateKey({})

  // A key without its certificate, as a copy that is under way: what was there stays.
  const renewed = await issueTls(temporaryFolder(t), second, { role: 'auth' })
  const replace = (kind: string) =>
    copyFileSync(renewed[`tls.${kind}`] ?? '', values[`tls.${kind}`] ?? '')
  replace('key')
  await trust.tls.reload()
  assert.equal(await ask(t, endpoint.address, await caller(first)), 'answered')
  replace('cert')
  replace('ca')
  await trust.tls.reload()
  assert.equal(await ask(t, endpoint.address, await caller(second)), 'answered')
  assert.equal(await ask(t, endpoint.address, await caller(first)), 'UNAVAILABLE')
  const before = calls
  await early.client(auth.Auth).validateKey({})
  assert.equal(calls, before + 1)
})
