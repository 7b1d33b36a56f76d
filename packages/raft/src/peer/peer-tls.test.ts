/** Mutual TLS between hosts, with certificates that openssl makes for the test. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Directory, PeerNode, replicaOn } from '../testing/peer-node.ts'
import { refuseCertificate } from './peer-certificate.ts'
import type { TlsFiles } from './peer-credentials.ts'

let folder: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vectron-tls-'))
  for (const ca of ['ours', 'theirs']) {
    openssl(
      'req',
      '-x509',
      ...KEY,
      '-keyout',
      `${ca}.key`,
      '-out',
      `${ca}.pem`,
      '-subj',
      `/CN=${ca}`,
    )
  }
})

after(() => rm(folder, { recursive: true, force: true }))

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']

function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
}

/** A certificate with these alternative names, signed by one of the two authorities. */
async function issue(name: string, altNames: string, ca = 'ours'): Promise<TlsFiles> {
  openssl('req', ...KEY, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', '/O=Vectron')
  await writeFile(join(folder, `${name}.ext`), `subjectAltName=${altNames}\n`)
  const signer = ['-CA', `${ca}.pem`, '-CAkey', `${ca}.key`, '-CAcreateserial']
  const files = ['-in', `${name}.csr`, '-out', `${name}.pem`, '-extfile', `${name}.ext`]
  openssl('x509', '-req', ...files, ...signer, '-days', '2')
  const path = (file: string) => join(folder, file)
  return { cert: path(`${name}.pem`), key: path(`${name}.key`), ca: path('ours.pem') }
}

test('Nodes with certificates of the cluster talk, for one node or for its role.', async (t) => {
  const directory: Directory = new Map()
  const tls1 = await issue('one', 'DNS:node-worker-1')
  const tls2 = await issue('two', 'URI:node-worker,DNS:elsewhere')
  const one = await PeerNode.open(t, directory, { nodeId: 1n, tls: tls1 })
  const two = await PeerNode.open(t, directory, { nodeId: 2n, tls: tls2 })
  one.know(1n, 2n)
  one.send(2n, 'a')
  await two.until(({ received }) => received.length === 1)
  two.send(1n, 'b')
  await one.until(({ received }) => received.length === 1)
})

test("A node with another node's certificate is refused by whom it dials and who dials it.", async (t) => {
  const directory: Directory = new Map()
  const one = await PeerNode.open(t, directory, {
    nodeId: 1n,
    tls: await issue('first', 'DNS:node-worker-1'),
  })
  const liar = await PeerNode.open(t, directory, {
    nodeId: 2n,
    tls: await issue('liar', 'DNS:node-worker-3,DNS:node-placement-2'),
  })
  const why =
    /its certificate is for DNS:node-worker-3, DNS:node-placement-2, not for node-worker-2/
  one.know(1n, 2n)
  one.send(2n, 'a')
  await one.until(({ log }) => log.some((line) => line.startsWith('worker 2') && why.test(line)))
  liar.know(1n, 2n)
  liar.send(1n, 'b')
  await one.until(({ log }) => log.some((line) => line.startsWith('127') && why.test(line)))
  assert.deepEqual([...one.received, ...liar.received], [])
})

test('A certificate of another authority, and a peer without TLS, get no word in.', async (t) => {
  const directory: Directory = new Map()
  const one = await PeerNode.open(t, directory, {
    nodeId: 1n,
    tls: await issue('own', 'DNS:node-worker-1'),
  })
  const foreign = await issue('foreign', 'DNS:node-worker-2', 'theirs')
  const tls = { ...foreign, ca: join(folder, 'ours.pem') }
  const strangers = [
    await PeerNode.open(t, directory, { nodeId: 2n, tls }),
    await PeerNode.open(t, directory, { nodeId: 3n }),
  ]
  for (const stranger of strangers) {
    stranger.know(1n)
    stranger.send(1n, 'a')
    await stranger.until(({ unreachable }) => unreachable.includes(replicaOn(1n)))
  }
  assert.deepEqual(one.received, [])
})

test('Replaced certificates are used without a restart.', async (t) => {
  const directory: Directory = new Map()
  const one = await PeerNode.open(t, directory, {
    nodeId: 1n,
    tls: await issue('steady', 'DNS:node-worker-1'),
  })
  const tls = await issue('renewed', 'DNS:node-worker-9')
  const two = await PeerNode.open(t, directory, { nodeId: 2n, tls })
  one.know(1n, 2n)
  one.send(2n, 'a')
  await one.until(({ unreachable }) => unreachable.length > 0)

  await writeFile(tls.cert, 'no certificate')
  await two.transport.reloadCredentials()
  assert.match(two.log.join('\n'), /the earlier ones stay/)
  const right = await issue('right', 'DNS:node-worker-2')
  await copyFile(right.key, tls.key)
  await copyFile(right.cert, tls.cert)
  await two.transport.reloadCredentials()

  const cancel = setInterval(() => one.send(2n, 'b'), 5)
  t.after(() => clearInterval(cancel))
  await two.until(({ received }) => received.includes('b'))
  two.send(1n, 'c')
  await one.until(({ received }) => received.includes('c'))
})

test('A name that holds a comma is one name.', async () => {
  await writeFile(
    join(folder, 'comma.ext'),
    '[req]\ndistinguished_name=dn\n[dn]\n[v3]\nsubjectAltName=@names\n[names]\nURI=x, DNS:node-worker-1\n',
  )
  const files = [
    '-keyout',
    'comma.key',
    '-out',
    'comma.pem',
    '-subj',
    '/O=x',
    '-config',
    'comma.ext',
  ]
  openssl('req', '-x509', ...KEY, ...files, '-extensions', 'v3')
  const certificate = new X509Certificate(await readFile(join(folder, 'comma.pem')))
  assert.match(certificate.subjectAltName ?? '', /DNS:node-worker-1/)
  assert.ok(refuseCertificate(certificate, { role: 'worker', nodeId: 1n }) !== undefined)
  assert.ok(refuseCertificate(undefined, { role: 'worker', nodeId: 1n }) !== undefined)
})
