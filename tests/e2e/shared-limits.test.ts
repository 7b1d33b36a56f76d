// Proves on two gateways of a real cluster that a project's rate is allowed once: counted in a real
// Redis, and divided between the gateways without one; that no request fails when Redis is killed,
// and that people are told.

import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { sleep, systemClock } from '@vectron/base'
import type { LocalCluster } from '@vectron/local-cluster'
import { RedisProcess } from '@vectron/testkit'
import { localCluster } from '../cluster/local-cluster.ts'

/** Of the plan that an account begins with. */
const PER_SECOND = 20

let cluster: LocalCluster
let redis: RedisProcess
let gateways: { readonly url: string; readonly admin: string }[]
/** A key of a project with a limited plan. */
let key = ''

before(async () => {
  redis = await RedisProcess.start()
  cluster = localCluster(mkdtempSync(join(tmpdir(), 'vectron-shared-limits-')))
  const { nodes } = await cluster.create({ workers: 1, placement: 1, gateways: 2, port: 0 })
  const planned = nodes.filter(({ service }) => service === 'gateway')
  for (const { name } of planned) {
    const file = join(cluster.folder, name, 'gateway.toml')
    appendFileSync(file, `\n[redis]\naddress = "${redis.address}"\n`)
  }
  await cluster.startAll()
  gateways = planned.map(({ ports }) => ({
    url: `http://127.0.0.1:${ports.http}`,
    admin: `http://127.0.0.1:${ports.admin}`,
  }))
  key = await createLimitedKey()
})

after(async () => {
  await cluster.stop()
  await redis.remove()
  rmSync(cluster.folder, { recursive: true, force: true })
})

test('two gateways count a project in one Redis', async () => {
  await untilShared()
  checkTogether(await burst(gateways))
})

test('without Redis each gateway allows its share, and nothing fails while Redis is killed', async () => {
  await untilMetric('rate_gateways', gateways.length)
  let isKilled = false
  const traffic = gateways.map(async (gateway) => {
    const seen = new Set<number>()
    while (!isKilled || (await metricOf(gateway, 'rate_store_up')) === 1) {
      const { status } = await ask(gateway)
      seen.add(status)
    }
    return seen
  })
  await redis.kill()
  isKilled = true
  for (const seen of await Promise.all(traffic)) {
    assert.deepEqual(
      [...seen].filter((status) => status !== 200 && status !== 429),
      [],
    )
  }
  checkTogether(await burst(gateways))
  for (const gateway of gateways) {
    checkBetween(await burst([gateway]), PER_SECOND / gateways.length)
    const ready = await fetch(`${gateway.admin}/readyz`)
    assert.equal(ready.status, 200)
    assert.match(await ready.text(), /^ok\nlimits are divided among the gateways: redis .* is away/)
  }
})

test('Redis is used again when it is back', async () => {
  await redis.restart()
  await untilShared()
  checkTogether(await burst(gateways))
  for (const gateway of gateways) checkBetween(await burst([gateway]), PER_SECOND)
})

type Gateway = (typeof gateways)[number]

interface Burst {
  readonly allowed: number
  readonly seconds: number
}

function ask({ url }: Gateway): Promise<Response> {
  return fetch(`${url}/v1/collections`, { headers: { 'x-api-key': key } })
}

/**
 * Many requests at once, evenly to each gateway, after all buckets are full. On a machine that is
 * busy enough Redis is too late for some; then once more.
 */
async function burst(asked: readonly Gateway[]): Promise<Burst> {
  const failures = () =>
    Promise.all(asked.map((each) => metricOf(each, 'rate_store_failures_total')))
  for (;;) {
    await sleep(systemClock, 1000)
    const wasShared = await Promise.all(asked.map((each) => metricOf(each, 'rate_store_up')))
    const before = await failures()
    const seen = await burstOnce(asked)
    const isShared = await Promise.all(asked.map((each) => metricOf(each, 'rate_store_up')))
    const isSteady = isShared.join() === wasShared.join()
    if (isSteady && (isShared.includes(0) || (await failures()).join() === before.join()))
      return seen
  }
}

async function burstOnce(asked: readonly Gateway[]): Promise<Burst> {
  const startUs = systemClock.monotonicUs()
  const answers = await Promise.all(
    asked.flatMap((gateway) => Array.from({ length: 4 * PER_SECOND }, () => ask(gateway))),
  )
  const seconds = (systemClock.monotonicUs() - startUs) / 1e6
  for (const { status, headers } of answers) {
    assert.equal(headers.get('ratelimit-limit'), `${PER_SECOND}`)
    if (status === 200) continue
    assert.equal(status, 429)
    assert.ok(Number(headers.get('retry-after')) >= 1)
    assert.equal(headers.get('ratelimit-remaining'), '0')
  }
  return { allowed: answers.filter(({ status }) => status === 200).length, seconds }
}

function checkTogether(seen: Burst): void {
  checkBetween(seen, PER_SECOND)
}

/** A bucket of one second's worth, and what it gained meanwhile. */
function checkBetween({ allowed, seconds }: Burst, perSecond: number): void {
  assert.ok(allowed >= perSecond, `${allowed} of ${perSecond}`)
  assert.ok(allowed <= perSecond * (1 + seconds) + gateways.length, `${allowed} in ${seconds} s`)
}

async function untilShared(): Promise<void> {
  for (const { admin } of gateways) {
    while ((await (await fetch(`${admin}/readyz`)).text()) !== 'ok\n') await sleep(systemClock, 50)
  }
}

async function untilMetric(name: string, value: number): Promise<void> {
  for (const gateway of gateways) {
    while ((await metricOf(gateway, name)) !== value) await sleep(systemClock, 100)
  }
}

async function metricOf({ admin }: Gateway, name: string): Promise<number | undefined> {
  const text = await (await fetch(`${admin}/metrics`)).text()
  const found = new RegExp(`^vectron_${name} (\\S+)$`, 'm').exec(text)?.[1]
  return found === undefined ? undefined : Number(found)
}

async function createLimitedKey(): Promise<string> {
  const url = gateways[0]?.url ?? ''
  const headers = { 'content-type': 'application/json' }
  const post = async (path: string, body: object, more: Record<string, string> = {}) => {
    const init = { method: 'POST', headers: { ...headers, ...more }, body: JSON.stringify(body) }
    const response = await fetch(`${url}${path}`, init)
    assert.equal(response.status, 200, path)
    return response.json()
  }
  const account = { email: 'limited@example.org', password: 'correct horse battery' }
  const { accessToken, profile } = await post('/v1/auth/register', account)
  const [{ projectId }] = profile.projects
  const authorization = `Bearer ${accessToken}`
  const path = `/v1/auth/projects/${projectId}/keys`
  const { text } = await post(path, { name: 'limited', role: 'reader' }, { authorization })
  return text
}
