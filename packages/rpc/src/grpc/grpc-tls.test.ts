// Proves that calls over mutual TLS reach only servers, and come only from clients, whose
// certificate the same authority signed.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { isVectronError, LIMITS } from '@vectron/base'
import { vectron } from '@vectron/contracts'
import { echoServices, keepingLogger } from '../../test/echo-services.ts'
import { GrpcChannel, type GrpcTls, startGrpcServer } from '../index.ts'

const folder = mkdtempSync(join(tmpdir(), 'vectron-grpc-tls-'))
after(() => rmSync(folder, { recursive: true }))

const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']

/** The certificate of an authority, which is one node's too. */
function issue(name: string): GrpcTls['pem'] {
  const files = ['-keyout', `${name}.key`, '-out', `${name}.pem`, '-subj', `/O=${name}`]
  openssl('req', '-x509', ...KEY, ...files)
  const read = (file: string) => readFileSync(join(folder, file), 'utf8')
  return { cert: read(`${name}.pem`), key: read(`${name}.key`), ca: read(`${name}.pem`) }
}

const ours = issue('ours')
const theirs = issue('theirs')

function tls(pem: GrpcTls['pem']) {
  const listeners: (() => void)[] = []
  const source = { pem, onChanged: (listener: () => void) => listeners.push(listener) }
  const replace = (other: GrpcTls['pem']) => {
    source.pem = other
    for (const listener of listeners) listener()
  }
  return { source, replace }
}

/** Long before a handshake that never ends would be given up. */
const CLOSES = { timeout: LIMITS.headersTimeoutMs / 2 }

test('a server closes although a caller is stuck in its handshake', CLOSES, async (t) => {
  const { services } = echoServices()
  const { logger } = keepingLogger()
  const { source } = tls(ours)
  const server = await startGrpcServer({ port: 0, services, logger, tls: source })
  const caller = connect({ port: server.port, host: '127.0.0.1' })
  t.after(() => caller.destroy())
  const ended = once(caller, 'close')
  await once(caller, 'connect')
  caller.resume()
  await server.close(10)
  await ended
})

async function open(t: TestContext) {
  const { source, replace } = tls(ours)
  const { services } = echoServices()
  const { logger } = keepingLogger()
  const server = await startGrpcServer({ port: 0, services, logger, tls: source })
  t.after(() => server.close())
  const search = async (options: { readonly tls?: GrpcTls }) => {
    const channel = new GrpcChannel(`127.0.0.1:${server.port}`, options)
    try {
      const query = { case: 'id' as const, value: 'a' }
      return await channel.client(vectron.Search).search({ collection: 'c', query, topK: 7 })
    } finally {
      channel.close()
    }
  }
  return { search, replace }
}

const unavailable = (error: unknown) => isVectronError(error, 'UNAVAILABLE')

test('two sides with certificates of one authority understand each other', async (t) => {
  const { search } = await open(t)
  assert.equal((await search({ tls: tls(ours).source })).tookUs, 7)
})

test('a client without a certificate, or with a foreign one, gets no answer', async (t) => {
  const { search } = await open(t)
  await assert.rejects(search({}), unavailable)
  await assert.rejects(search({ tls: tls(theirs).source }), unavailable)
  await assert.rejects(search({ tls: tls({ ...theirs, ca: ours.ca }).source }), unavailable)
})

test('replaced certificates are used without a restart', async (t) => {
  const { search, replace } = await open(t)
  replace(theirs)
  assert.equal((await search({ tls: tls(theirs).source })).tookUs, 7)
  await assert.rejects(search({ tls: tls(ours).source }), unavailable)
})
