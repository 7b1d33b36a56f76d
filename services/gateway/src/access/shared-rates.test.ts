import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createClient } from '@redis/client'
import { createLogger, createMetrics, sleep, systemClock } from '@vectron/base'
import { RedisProcess } from '@vectron/testkit'
import { openRedisRates } from '../redis/redis-rates.ts'
import { LocalRateCounter } from './rate-limits.ts'
import { SharedRateCounter } from './shared-rates.ts'

const logger = createLogger({ name: 'test', write: () => {} })

async function startRedis(t: TestContext, flags: readonly string[] = []): Promise<RedisProcess> {
  const redis = await RedisProcess.start({ flags })
  t.after(() => redis.remove())
  return redis
}

interface StoreOptions {
  readonly prefix?: string
  readonly password?: string
}

/** The counter of one gateway of two. */
async function openCounter(
  t: TestContext,
  { host, port }: RedisProcess,
  { prefix = 'test:', password = '' }: StoreOptions = {},
) {
  const store = openRedisRates({ host, port, user: '', password, prefix, logger })
  const divided = new LocalRateCounter(systemClock, () => 2)
  const metrics = createMetrics()
  const counter = new SharedRateCounter({ store, divided, clock: systemClock, logger, metrics })
  await counter.start()
  t.after(() => counter.close())
  return { counter, metrics }
}

/** What looks into the store beside the gateways. */
async function openClient(t: TestContext, { host, port }: RedisProcess) {
  const client = createClient({ socket: { host, port } })
  // The store may be gone before it.
  client.on('error', () => {})
  await client.connect()
  t.after(() => client.destroy())
  return client
}

type OpenCounter = Awaited<ReturnType<typeof openCounter>>

async function untilShared({ notes }: { readonly notes: () => readonly string[] }) {
  while (notes().length > 0) await sleep(systemClock, 10)
}

/** Takes until the notes are as wanted; every take must be answered. */
async function takeUntil(counter: SharedRateCounter, isShared: boolean): Promise<void> {
  while ((counter.notes.length === 0) !== isShared) {
    const taken = await counter.take('p', 1000)
    assert.ok(taken.allowed || taken.retryAfterMs > 0)
    await sleep(systemClock, 1)
  }
}

/**
 * What two gateways answer to many requests at once. On a machine that is busy enough Redis is too
 * late for some, and then it is asked again, for another project.
 */
async function burstOf(gateways: readonly OpenCounter[], perSecond: number) {
  for (let number = 0; ; number++) {
    for (const { counter } of gateways) await untilShared({ notes: () => counter.notes })
    const before = await Promise.all(gateways.map(failuresOf))
    const startUs = systemClock.monotonicUs()
    const taking = Array.from({ length: 100 }, () =>
      gateways.map(({ counter }) => counter.take(`p${number}`, perSecond)),
    )
    const taken = await Promise.all(taking.flat())
    const seconds = (systemClock.monotonicUs() - startUs) / 1e6
    const after = await Promise.all(gateways.map(failuresOf))
    if (after.join() === before.join()) return { taken, seconds }
  }
}

async function failuresOf({ metrics }: OpenCounter): Promise<string | undefined> {
  return /^vectron_rate_store_failures_total (.+)$/m.exec(await metrics.expose())?.[1]
}

test('Several gateways allow together what a project may make, and each project its own.', async (t) => {
  const redis = await startRedis(t)
  const gateways = await Promise.all([openCounter(t, redis), openCounter(t, redis)])
  const perSecond = 50
  const { taken, seconds } = await burstOf(gateways, perSecond)
  const allowed = taken.filter((each) => each.allowed)
  assert.ok(allowed.length >= perSecond)
  assert.ok(allowed.length <= perSecond * (1 + seconds) + 1, `${allowed.length} in ${seconds} s`)
  assert.equal(Math.max(...allowed.map(({ remaining }) => remaining)), perSecond - 1)
  for (const { remaining, retryAfterMs } of taken.filter((each) => !each.allowed)) {
    assert.equal(remaining, 0)
    assert.ok(retryAfterMs > 0 && retryAfterMs <= 1000 / perSecond + 1, `${retryAfterMs}`)
  }
  const other = await gateways[0]?.counter.take('other', perSecond)
  assert.deepEqual(other, { allowed: true, remaining: perSecond - 1, retryAfterMs: 0 })
})

test('Who waits as long as it was told is let in, also with one request a second.', async (t) => {
  const { counter } = await openCounter(t, await startRedis(t))
  await untilShared({ notes: () => counter.notes })
  for (let round = 0; round < 2; round++) {
    assert.deepEqual(await counter.take('a', 1), { allowed: true, remaining: 0, retryAfterMs: 0 })
    const { allowed, retryAfterMs } = await counter.take('a', 1)
    assert.equal(allowed, false)
    await sleep(systemClock, retryAfterMs)
  }
})

test('Two clusters that use one store do not count for each other.', async (t) => {
  const redis = await startRedis(t)
  const [one, two] = await Promise.all(
    ['one:', 'two:'].map((prefix) => openCounter(t, redis, { prefix })),
  )
  for (const each of [one, two]) {
    await untilShared({ notes: () => each?.counter.notes ?? [] })
    assert.equal((await each?.counter.take('a', 5))?.remaining, 4)
  }
})

test('A store whose clock was set back locks nobody out for more than a second.', async (t) => {
  const redis = await startRedis(t)
  const { counter } = await openCounter(t, redis)
  await untilShared({ notes: () => counter.notes })
  const client = await openClient(t, redis)
  await client.set('test:a', '9000000000000000')
  const { allowed, retryAfterMs } = await counter.take('a', 10)
  assert.equal(allowed, false)
  assert.ok(retryAfterMs <= 100, `${retryAfterMs}`)
})

test('Keys of projects that are silent expire.', async (t) => {
  const redis = await startRedis(t)
  const { counter } = await openCounter(t, redis)
  await untilShared({ notes: () => counter.notes })
  await counter.take('a', 10)
  const client = await openClient(t, redis)
  const ttlMs = await client.pTTL('test:a')
  assert.ok(ttlMs <= 102, `${ttlMs}`)
})

test('A store that is killed divides the limits; one that is back makes them shared again.', async (t) => {
  const redis = await startRedis(t)
  const { counter, metrics } = await openCounter(t, redis)
  await takeUntil(counter, true)
  assert.match(await metrics.expose(), /^vectron_rate_store_up 1$/m)
  for (let round = 0; round < 2; round++) {
    await redis.kill()
    await takeUntil(counter, false)
    assert.match(counter.notes.join(), /divided among the gateways: redis 127\.0\.0\.1:\d+ is away/)
    assert.match(await metrics.expose(), /^vectron_rate_store_up 0$/m)
    assert.match(await metrics.expose(), /^vectron_rate_store_failures_total [1-9]/m)
    // The share of one gateway of two.
    assert.equal((await counter.take(`divided ${round}`, 10)).remaining, 4)
    await redis.restart()
    await takeUntil(counter, true)
    assert.equal((await counter.take(`shared ${round}`, 10)).remaining, 9)
  }
})

test('A store that hangs holds up only who is under way, and is used again when it goes on.', async (t) => {
  const redis = await startRedis(t)
  const { counter } = await openCounter(t, redis)
  await takeUntil(counter, true)
  redis.pause()
  const underWay = await Promise.all(Array.from({ length: 20 }, () => counter.take('a', 10)))
  const allowed = underWay.filter((each) => each.allowed).length
  assert.ok(allowed >= 5 && allowed < 20, `${allowed}`)
  assert.ok(!(counter.take('a', 10) instanceof Promise))
  redis.resume()
  await takeUntil(counter, true)
})

test('A store that refuses the password is named, and the limits are divided.', async (t) => {
  const redis = await startRedis(t, ['--requirepass', 'right'])
  const wrong = await openCounter(t, redis, { password: 'wrong' })
  while (!/WRONGPASS/.test(wrong.counter.notes.join())) await sleep(systemClock, 10)
  assert.equal((await wrong.counter.take('a', 10)).remaining, 4)
  const right = await openCounter(t, redis, { password: 'right' })
  await untilShared({ notes: () => right.counter.notes })
  assert.equal((await right.counter.take('a', 10)).remaining, 9)
})
