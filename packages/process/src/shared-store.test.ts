/** Proves that the settings of a gateway reach a real Redis, as they say. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { RateStore } from '@vectron/gateway-service'
import { RedisProcess, type RedisProcessOptions } from '@vectron/testkit'
import { issueCertificate } from './certificates/authority.ts'
import { gatewayService } from './gateway-service.ts'
import { sharedStore } from './shared-store.ts'
import {
  configOf,
  makeAuthority,
  surround,
  temporaryFolder,
  type Values,
} from './testing/service-fixture.ts'

async function startRedis(t: TestContext, options: RedisProcessOptions): Promise<RedisProcess> {
  const redis = await RedisProcess.start(options)
  t.after(() => redis.remove())
  return redis
}

function openStore(t: TestContext, values: Values): RateStore {
  const shared = sharedStore(configOf(gatewayService([]), values), surround(t, 'gateway'))
  const store = shared?.openRates('cluster') ?? assert.fail('a store is set')
  t.after(() => store.close())
  return store
}

test('Without an address there is no store.', (t) => {
  assert.equal(sharedStore(configOf(gatewayService([]), {}), surround(t, 'gateway')), undefined)
})

test('A user with a password is let in, and keys begin with the prefix and the cluster.', async (t) => {
  const acl = [
    '--user',
    'gateway',
    'on',
    '>secret',
    '~limits:*',
    '+@all',
    '--user',
    'default',
    'off',
  ]
  const redis = await startRedis(t, { flags: acl })
  const values = {
    'redis.address': redis.address,
    'redis.user': 'gateway',
    'redis.prefix': 'limits:',
  }
  const store = openStore(t, { ...values, 'redis.password': 'secret' })
  await store.check()
  assert.deepEqual(await store.take('p', 10), { allowed: true, remaining: 9, retryAfterMs: 0 })
  await assert.rejects(openStore(t, { ...values, 'redis.password': 'wrong' }).check(), /WRONGPASS/)
  const other = openStore(t, { ...values, 'redis.password': 'secret', 'redis.prefix': 'others:' })
  await other.check()
  await assert.rejects(other.take('p', 10), /NOPERM/)
})

test('Over TLS a Redis is believed by the certificate of the authority that is set.', async (t) => {
  const folder = temporaryFolder(t)
  const [authority, stranger] = await Promise.all([makeAuthority(), makeAuthority('stranger')])
  const request = { role: 'gateway', name: 'redis', hosts: ['127.0.0.1'], days: 2 } as const
  const { cert, key } = await issueCertificate(authority, { ...request, nowMs: Date.now() })
  const pems = { cert, key, ca: authority.cert, stranger: stranger.cert }
  const files = Object.entries(pems).map(([name, pem]) => {
    const file = join(folder, `${name}.pem`)
    writeFileSync(file, pem)
    return [name, file]
  })
  const tls: Record<keyof typeof pems, string> = Object.fromEntries(files)
  const redis = await startRedis(t, { tls })
  const values = { 'redis.address': redis.address, 'redis.tls': 'on' }
  const store = openStore(t, { ...values, 'redis.ca': tls.ca })
  await store.check()
  assert.equal((await store.take('p', 10)).remaining, 9)
  const wrong = openStore(t, { ...values, 'redis.ca': tls.stranger })
  await assert.rejects(wrong.check(), /certificate|signature|self-signed/i)
  const missing = { ...values, 'redis.ca': join(folder, 'none.pem') }
  assert.throws(() => openStore(t, missing), { reason: 'INVALID_ARGUMENT', field: 'redis.ca' })
})
