/** Proves that `vectron cert` makes what processes take, keeps keys to their owner, and renews. */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { RunningCommand, temporaryFolder, vectron } from './vectron-command.ts'

const cwd = temporaryFolder()
const cert = (...args: string[]) => vectron(['cert', ...args], { cwd })
const read = (file: string) => readFileSync(path.join(cwd, file), 'utf8')
const mode = (file: string) => statSync(path.join(cwd, file)).mode & 0o777

test('an authority signs certificates of nodes; keys are for their owner alone', async () => {
  assert.equal((await cert('ca', '--name', 'shop')).code, 0)
  const issued = await cert('issue', 'placement', 'p-1', '--id', '1', '--host', '10.0.0.1')
  assert.equal(issued.code, 0, issued.stderr)
  for (const key of ['certs/ca.key', 'certs/p-1.key']) assert.equal(mode(key), 0o600)
  const node = new X509Certificate(read('certs/p-1.pem'))
  const authority = new X509Certificate(read('certs/ca.pem'))
  assert.ok(node.verify(authority.publicKey) && node.checkIssued(authority))
  assert.equal(node.subjectAltName, 'DNS:node-placement-1, IP Address:10.0.0.1')
  assert.ok(authority.ca && !node.ca)
})

test('nothing is written over, and what is missing is named', async () => {
  const again = await cert('ca')
  assert.equal(again.code, 5)
  assert.match(again.stderr, /certs\/ca\.\w+ exists already/)
  const node = await cert('issue', 'placement', 'p-1')
  assert.equal(node.code, 5)
  assert.match(node.stderr, /vectron cert renew certs\/p-1\.pem/)
  const nowhere = await cert('issue', 'worker', 'w', '--ca', 'elsewhere')
  assert.equal(nowhere.code, 3)
  assert.match(nowhere.stderr, /Make one: vectron cert ca/)
  assert.equal((await cert('issue', 'king', 'k')).code, 2)
  assert.equal((await cert('issue', 'worker', 'a b')).code, 2)
})

test('a renewed certificate has the same names, another key and a later end', async () => {
  const [pem, key] = [read('certs/p-1.pem'), read('certs/p-1.key')]
  const renewed = await cert('renew', 'certs/p-1.pem')
  assert.equal(renewed.code, 0, renewed.stderr)
  const [old, fresh] = [new X509Certificate(pem), new X509Certificate(read('certs/p-1.pem'))]
  assert.equal(fresh.subjectAltName, old.subjectAltName)
  assert.equal(fresh.subject, old.subject)
  assert.notEqual(fresh.serialNumber, old.serialNumber)
  assert.notEqual(read('certs/p-1.key'), key)
  assert.ok(Date.parse(fresh.validTo) >= Date.parse(old.validTo))
  const shown = await cert('show', 'certs/p-1.pem', 'certs/ca.pem', '-o', 'json')
  const { certificates } = JSON.parse(shown.stdout)
  assert.deepEqual(
    certificates.map(({ name, state, issuer }: Record<string, string>) => [name, state, issuer]),
    [
      ['p-1', 'valid', 'shop'],
      ['shop', 'valid', 'shop'],
    ],
  )
})

test('a process starts on every address with a certificate, and without one not', async () => {
  const args = [
    'auth',
    '--set',
    'data.folder=auth',
    '--set',
    'admin.port=0',
    '--set',
    'http.port=0',
  ]
  const open = [...args, '--set', 'grpc.host=0.0.0.0', '--set', 'grpc.port=0']
  const refused = await vectron([...open, '--set', 'grpc.advertise=127.0.0.1:1'], { cwd })
  assert.equal(refused.code, 2)
  assert.match(refused.stderr, /grpc\.host is "0\.0\.0\.0".*vectron cert issue auth NAME/s)
  assert.equal((await cert('issue', 'auth', 'auth-1')).code, 0)
  const files = { cert: 'certs/auth-1.pem', key: 'certs/auth-1.key', ca: 'certs/ca.pem' }
  const tls = Object.entries(files).flatMap(([name, file]) => ['--set', `tls.${name}=${file}`])
  const running = new RunningCommand([...open, ...tls, '--set', 'grpc.advertise=127.0.0.1:1'], {
    cwd,
  })
  await running.until(/"event":"ready"/)
  running.signal('SIGTERM')
  assert.equal((await running.end()).code, 0)
})
