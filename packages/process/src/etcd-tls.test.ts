/** Proves on a real etcd that lets in only who shows a certificate that the settings reach it. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startEtcd } from '@vectron/testkit'
import { AUTH_SERVICE, createKey } from './auth-service.ts'
import { issueCertificate } from './certificates/authority.ts'
import { configOf, makeAuthority, temporaryFolder } from './testing/service-fixture.ts'

test('Over TLS etcd is believed, and lets in, by the certificates that are set.', async (t) => {
  const folder = temporaryFolder(t)
  const [authority, stranger] = await Promise.all([makeAuthority(), makeAuthority('stranger')])
  const request = { role: 'auth', name: 'etcd', hosts: ['127.0.0.1'], days: 2 } as const
  const [own, others] = await Promise.all(
    [authority, stranger].map((by) => issueCertificate(by, { ...request, nowMs: Date.now() })),
  )
  assert.ok(own && others)
  const fileOf = (name: string, pem: string) => {
    const file = join(folder, `${name}.pem`)
    writeFileSync(file, pem)
    return file
  }
  const tls = {
    ca: fileOf('ca', authority.cert),
    cert: fileOf('cert', own.cert),
    key: fileOf('key', own.key),
  }
  const etcd = await startEtcd(t, { tls })
  const elsewhere = { ca: fileOf('other-ca', stranger.cert), cert: fileOf('other', others.cert) }
  const values = {
    'data.folder': folder,
    'store.kind': 'etcd',
    'store.etcdEndpoints': etcd.endpoints.join(','),
    'store.etcdTls': 'on',
    'store.etcdCa': tls.ca,
    'store.etcdCert': tls.cert,
    'store.etcdKey': tls.key,
  }
  const made = (changed: Readonly<Record<string, string>>) =>
    createKey(configOf(AUTH_SERVICE, { ...values, ...changed }), 'test')
  assert.match(await made({}), /^vk_/)

  const cannotReach = { reason: 'UNAVAILABLE', subject: 'etcd' }
  await assert.rejects(made({ 'store.etcdCa': elsewhere.ca }), cannotReach)
  await assert.rejects(made({ 'store.etcdCert': '', 'store.etcdKey': '' }), cannotReach)
  const foreign = {
    'store.etcdCert': elsewhere.cert,
    'store.etcdKey': fileOf('other-key', others.key),
  }
  await assert.rejects(made(foreign), cannotReach)
  const off = { 'store.etcdCa': '', 'store.etcdCert': '', 'store.etcdKey': '' }
  await assert.rejects(made({ ...off, 'store.etcdTls': 'off' }), cannotReach)

  const wrong = (field: string) => ({ reason: 'INVALID_ARGUMENT', field })
  const none = join(folder, 'none.pem')
  await assert.rejects(made({ 'store.etcdCa': none }), wrong('store.etcdCa'))
  await assert.rejects(made({ 'store.etcdKey': '' }), wrong('store.etcdKey'))
  await assert.rejects(made({ 'store.etcdTls': 'off' }), wrong('store.etcdCa'))
})
