import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { NullValue } from '@bufbuild/protobuf/wkt'
import { type Clock, createLogger, VectronError } from '@vectron/base'
import { auth } from '@vectron/contracts'
import type { CallContext } from '@vectron/rpc'
import { authenticate } from './authenticate.ts'
import { BELIEVED_MS, CredentialCache, GRACE_MS, SILENCE_MS } from './credential-cache.ts'

type Change = NonNullable<MessageInitShape<typeof auth.WatchChangesResponseSchema>['change']>

/** A cache before an authenticator whose answers and words are decided by the test. */
class Fixture {
  nowMs = 1_000_000
  isDown = false
  asked: string[] = []
  /** Times that it was listened to. */
  listened = 0
  #timers: { atMs: number; fire: () => void }[] = []
  readonly valid = new Map([['vk_good', { keyId: 'id', expiresMs: 0n }]])
  #tell: (change: Change) => void = () => {}

  readonly cache = new CredentialCache({
    clock: {
      nowMs: () => this.nowMs,
      monotonicUs: () => this.nowMs * 1000,
      setTimer: (ms: number, fire: () => void) => {
        const timer = { atMs: this.nowMs + ms, fire }
        this.#timers.push(timer)
        return () => {
          this.#timers = this.#timers.filter((one) => one !== timer)
        }
      },
    } as Clock,
    logger: createLogger({ name: 'test', write: () => {} }),
    auth: {
      reportUsage: assert.fail,
      listAuditRecords: assert.fail,
      watchChanges: (_request, { signal } = {}) => this.#changes(signal),
      validateKey: async ({ apiKey = '' }) => {
        if (this.isDown) throw new VectronError('UNAVAILABLE', 'down')
        this.asked.push(apiKey)
        const principal = this.valid.get(apiKey)
        return create(auth.ValidateKeyResponseSchema, principal === undefined ? {} : { principal })
      },
    },
  })
  readonly intercept = authenticate(this.cache)

  async call(headers: Record<string, string>): Promise<CallContext> {
    const header = (name: string) => headers[name]
    const method = { parent: { typeName: 'vectron.v1.Points' } }
    const call = { header, method, principal: undefined } as unknown as CallContext
    await this.intercept(call, async () => {})
    return call
  }

  /** The authenticator says something, and the cache has heard it. */
  async tell(change: Change): Promise<void> {
    this.#tell(change)
    await new Promise((resolve) => setImmediate(resolve))
  }

  /** Time passes, and what was due has happened. */
  async pass(ms: number): Promise<void> {
    this.nowMs += ms
    for (const { fire } of this.#timers.filter(({ atMs }) => atMs <= this.nowMs)) fire()
    await new Promise((resolve) => setImmediate(resolve))
  }

  async *#changes(signal: AbortSignal | undefined) {
    this.listened += 1
    while (!signal?.aborted) {
      const change = await new Promise<Change | undefined>((resolve) => {
        this.#tell = resolve
        signal?.addEventListener('abort', () => resolve(undefined))
      })
      if (change !== undefined) yield create(auth.WatchChangesResponseSchema, { change })
    }
  }
}

const RESET: Change = { case: 'reset', value: NullValue.NULL_VALUE }
const ALIVE: Change = { case: 'alive', value: NullValue.NULL_VALUE }
const GOOD = { 'x-api-key': 'vk_good' }

test('A key is taken from either header and its owner noted.', async () => {
  const fixture = new Fixture()
  for (const headers of [
    { authorization: 'Bearer vk_good' },
    { authorization: 'bearer  vk_good ' },
    { 'x-api-key': 'vk_good' },
    { authorization: 'Basic abc', 'x-api-key': 'vk_good' },
  ]) {
    assert.equal((await fixture.call(headers)).principal?.keyId, 'id')
  }
})

test('No key and a wrong key are told apart, and a wrong key is asked about each time.', async () => {
  const fixture = new Fixture()
  await assert.rejects(fixture.call({}), { reason: 'NO_KEY' })
  await assert.rejects(fixture.call({ authorization: 'Basic abc' }), { reason: 'NO_KEY' })
  await assert.rejects(fixture.call({ 'x-api-key': 'vk_bad' }), { reason: 'WRONG_KEY' })
  await assert.rejects(fixture.call({ 'x-api-key': 'vk_bad' }), { reason: 'WRONG_KEY' })
  assert.equal(fixture.asked.length, 2)
})

test('While the authenticator is heard, an answer stands until it is called back.', async (t) => {
  const fixture = new Fixture()
  fixture.cache.start()
  t.after(() => fixture.cache.close())
  await fixture.tell(RESET)
  await fixture.call(GOOD)
  for (let seconds = 0; seconds < 100; seconds++) {
    fixture.nowMs += SILENCE_MS
    await fixture.tell(ALIVE)
    await fixture.call(GOOD)
  }
  assert.equal(fixture.asked.length, 1)
  fixture.valid.clear()
  await fixture.tell({ case: 'keyId', value: 'another' })
  await fixture.call(GOOD)
  await fixture.tell({ case: 'keyId', value: 'id' })
  await assert.rejects(fixture.call(GOOD), { reason: 'WRONG_KEY' })
})

test('An authenticator that is silent is asked anew, again and again.', async (t) => {
  const fixture = new Fixture()
  fixture.cache.start()
  t.after(() => fixture.cache.close())
  await fixture.tell(RESET)
  await fixture.call(GOOD)
  fixture.nowMs += SILENCE_MS + 1
  await fixture.call(GOOD)
  assert.equal(fixture.asked.length, 2)
  fixture.nowMs += BELIEVED_MS
  await fixture.call(GOOD)
  assert.equal(fixture.asked.length, 2)
  fixture.valid.clear()
  fixture.nowMs += 1
  await assert.rejects(fixture.call(GOOD), { reason: 'WRONG_KEY' })
})

test('Without the authenticator known keys go on for a bounded time, unknown ones not at all.', async (t) => {
  const fixture = new Fixture()
  fixture.cache.start()
  t.after(() => fixture.cache.close())
  await fixture.tell(RESET)
  await fixture.call(GOOD)
  fixture.isDown = true
  fixture.nowMs += GRACE_MS
  await fixture.call(GOOD)
  await assert.rejects(fixture.call({ 'x-api-key': 'vk_other' }), { reason: 'UNAVAILABLE' })
  fixture.nowMs += 1
  await assert.rejects(fixture.call(GOOD), { reason: 'UNAVAILABLE' })
})

test('A credential that ends by itself is not remembered beyond its end.', async (t) => {
  const fixture = new Fixture()
  fixture.cache.start()
  t.after(() => fixture.cache.close())
  fixture.valid.set('vk_good', { keyId: 'id', expiresMs: BigInt(fixture.nowMs + 100) })
  await fixture.tell(RESET)
  await fixture.call(GOOD)
  fixture.valid.clear()
  fixture.nowMs += 100
  await assert.rejects(fixture.call(GOOD), { reason: 'WRONG_KEY' })
})

test('An instance that says nothing is left for another one; one that speaks is kept.', async (t) => {
  const fixture = new Fixture()
  fixture.cache.start()
  t.after(() => fixture.cache.close())
  await fixture.tell(RESET)
  for (let seconds = 0; seconds < 10; seconds++) {
    await fixture.pass(SILENCE_MS)
    await fixture.tell(ALIVE)
  }
  assert.equal(fixture.listened, 1)
  for (let times = 0; times < 8; times++) await fixture.pass(SILENCE_MS)
  assert.ok(fixture.listened > 1)
})
