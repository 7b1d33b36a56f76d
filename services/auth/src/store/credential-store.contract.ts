/**
 * What every CredentialStore must do: the same suite runs on SQLite and on etcd.
 */

import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import type { CredentialStore, StoreEvent } from './credential-store.ts'

export interface StoreUnderTest {
  readonly name: string
  /** A store with nothing in it. */
  open(t: TestContext): Promise<CredentialStore>
  /** Lets times to live run out. */
  passTime(ms: number): Promise<void>
}

export function testCredentialStore(store: StoreUnderTest): void {
  testCommits(store)
  testTimeAndWatch(store)
}

function testCommits({ name, open }: StoreUnderTest): void {
  test(`${name}: what was committed is read back, one by one and by prefix, in order`, async (t) => {
    const store = await open(t)
    const put = ['b/2', 'a/1', 'b/1', 'b', 'c/1'].map((key) => ({ key, value: `value of ${key}` }))
    assert.equal(await store.commit({ put }), true)
    assert.equal((await store.get('a/1'))?.value, 'value of a/1')
    assert.equal(await store.get('a'), undefined)
    assert.deepEqual(
      (await store.list('b/')).map(({ key }) => key),
      ['b/1', 'b/2'],
    )
    assert.equal(await store.commit({ remove: ['b/1', 'nothing'] }), true)
    assert.deepEqual(
      (await store.list('b')).map(({ key }) => key),
      ['b', 'b/2'],
    )
  })

  test(`${name}: a commit whose expectation does not hold changes nothing`, async (t) => {
    const store = await open(t)
    const first = { expect: [{ key: 'k', revision: 0n }], put: [{ key: 'k', value: '1' }] }
    assert.equal(await store.commit(first), true)
    assert.equal(await store.commit(first), false)
    const { revision = 0n } = (await store.get('k')) ?? {}
    const second = {
      expect: [{ key: 'k', revision }],
      put: [
        { key: 'k', value: '2' },
        { key: 'other', value: 'x' },
      ],
      remove: ['third'],
    }
    assert.equal(await store.commit(second), true)
    assert.equal(await store.commit({ ...second, put: [{ key: 'k', value: '3' }] }), false)
    assert.equal((await store.get('k'))?.value, '2')
    assert.ok(((await store.get('k'))?.revision ?? 0n) > revision)
  })

  test(`${name}: of commits that race for one key exactly one wins`, async (t) => {
    const store = await open(t)
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, number) =>
        store.commit({
          expect: [{ key: 'seat', revision: 0n }],
          put: [{ key: 'seat', value: `${number}` }],
        }),
      ),
    )
    assert.equal(outcomes.filter(Boolean).length, 1)
    assert.equal((await store.get('seat'))?.value, `${outcomes.indexOf(true)}`)
  })

  test(`${name}: more records than fit on a page are listed whole`, async (t) => {
    const store = await open(t)
    for (let page = 0; page < 25; page++) {
      const put = Array.from({ length: 100 }, (_, at) => ({
        key: `many/${String(page * 100 + at).padStart(5, '0')}`,
        value: 'x',
      }))
      await store.commit({ put })
    }
    const keys = (await store.list('many/')).map(({ key }) => key)
    assert.equal(keys.length, 2500)
    assert.deepEqual(keys, [...keys].sort())
  })
}

function testTimeAndWatch({ name, open, passTime }: StoreUnderTest): void {
  test(`${name}: a key with a time to live is gone when it is over`, async (t) => {
    const store = await open(t)
    await store.commit({
      put: [
        { key: 't/short', value: 'x', ttlMs: 1000 },
        { key: 't/long', value: 'x', ttlMs: 600_000 },
        { key: 't/ever', value: 'x' },
      ],
    })
    assert.equal((await store.list('t/')).length, 3)
    await passTime(1000)
    while ((await store.get('t/short')) !== undefined) await passTime(100)
    assert.equal((await store.list('t/')).length, 2)
  })

  test(`${name}: a watch tells every commit in order, and that it is current`, async (t) => {
    const store = await open(t)
    const ending = new AbortController()
    t.after(() => ending.abort())
    const events = store.watch('w/', ending.signal)[Symbol.asyncIterator]()
    const next = async (): Promise<StoreEvent> => {
      for (;;) {
        const { value } = await events.next()
        if (value.kind !== 'current') return value
      }
    }
    assert.equal((await next()).kind, 'reset')
    await store.commit({ put: [{ key: 'elsewhere', value: 'x' }] })
    for (let number = 0; number < 20; number++) {
      await store.commit({ put: [{ key: `w/${number}`, value: `${number}` }] })
    }
    await store.commit({ remove: ['w/3'] })
    for (let number = 0; number < 20; number++) {
      const event = await next()
      assert.equal(event.kind === 'put' && event.record.value, `${number}`)
    }
    assert.deepEqual(await next(), { kind: 'removed', key: 'w/3' })
    for (;;) {
      const { value } = await events.next()
      if (value.kind === 'current') break
    }
  })
}
