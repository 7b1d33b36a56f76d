import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import type { Clock } from '@vectron/base'
import { auth } from '@vectron/contracts'
import type { CallContext } from '@vectron/rpc'
import { authenticate } from './auth.ts'

class Fixture {
  nowUs = 0
  asked: string[] = []
  readonly valid = new Set(['vk_good'])

  readonly intercept = authenticate({
    clock: { monotonicUs: () => this.nowUs } as Clock,
    auth: {
      reportUsage: assert.fail,
      watchChanges: assert.fail,
      validateKey: async ({ apiKey = '' }) => {
        this.asked.push(apiKey)
        const principal = this.valid.has(apiKey) ? { keyId: 'id', name: 'n' } : undefined
        return create(auth.ValidateKeyResponseSchema, principal === undefined ? {} : { principal })
      },
    },
  })

  async call(headers: Record<string, string>): Promise<CallContext> {
    const call = { header: (name: string) => headers[name], principal: undefined } as CallContext
    await this.intercept(call, async () => {})
    return call
  }
}

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

test('An answer is believed for a second, so a revoked key soon stops working.', async () => {
  const fixture = new Fixture()
  await fixture.call({ 'x-api-key': 'vk_good' })
  fixture.valid.clear()
  fixture.nowUs = 999_999
  await fixture.call({ 'x-api-key': 'vk_good' })
  assert.equal(fixture.asked.length, 1)
  fixture.nowUs = 1_000_001
  await assert.rejects(fixture.call({ 'x-api-key': 'vk_good' }), { reason: 'WRONG_KEY' })
})
