import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Clock, seededRandom, testSeed, VectronError } from '@vectron/base'
import { vectron } from '@vectron/contracts'
import type { CallContext } from '@vectron/rpc'
import { RecentLoad } from './recent-load.ts'

type Method = CallContext['method']

/** A load whose calls take as long as the test says. */
class Fixture {
  us = 5_000_000
  readonly load = new RecentLoad({ monotonicUs: () => this.us } as Clock)

  async call(method: Method, tookUs: number, error?: Error): Promise<void> {
    await this.load.interceptor({ method } as CallContext, async () => {
      this.us += tookUs
      if (error !== undefined) throw error
    })
  }

  kind(name: string) {
    const found = this.load.summary().kinds.find(({ kind }) => kind === name)
    assert.ok(found)
    return found
  }
}

const { search, searchStream } = vectron.Search.method
const { getPoint, upsertPoints } = vectron.Points.method

test('Rates are of the last ten whole seconds, by kind, and forget what is older.', async () => {
  const fixture = new Fixture()
  for (let second = 0; second < 20; second++) {
    const startUs = fixture.us
    for (let n = 0; n < second; n++) await fixture.call(search, 1000)
    await fixture.call(getPoint, 1000)
    await assert.rejects(fixture.call(upsertPoints, 1000, new Error('refused')))
    fixture.us = startUs + 1_000_000
  }
  // Seconds 10 to 19.
  assert.equal(fixture.load.summary().seconds, 10)
  assert.equal(fixture.kind('search').perSecond, 14.5)
  assert.deepEqual([fixture.kind('read').perSecond, fixture.kind('read').failedPerSecond], [1, 0])
  assert.equal(fixture.kind('write').failedPerSecond, 1)
  assert.equal(fixture.kind('manage').perSecond, 0)
  fixture.us += 10_000_000
  assert.deepEqual(fixture.kind('search'), {
    kind: 'search',
    perSecond: 0,
    failedPerSecond: 0,
    refusedPerSecond: 0,
    p50Us: 0,
    p95Us: 0,
    p99Us: 0,
  })
})

test('Quantiles are at most a twentieth above the truth.', async () => {
  const random = seededRandom(testSeed())
  const fixture = new Fixture()
  const times = Array.from({ length: 1000 }, () => 1 + random.nextBelow(900))
  for (const tookUs of times) await fixture.call(search, tookUs)
  await fixture.call(searchStream, 3_000_000)
  fixture.us += 1_000_000
  const sorted = [...times].sort((a, b) => a - b)
  const { p50Us, p95Us, p99Us } = fixture.kind('search')
  for (const [value, share] of [
    [p50Us, 0.5],
    [p95Us, 0.95],
    [p99Us, 0.99],
  ] as const) {
    const exact = sorted[Math.ceil(share * sorted.length) - 1] ?? 0
    assert.ok(value >= exact && value <= exact * 1.05 + 1, `${share}: ${value} for ${exact}`)
  }
})

test('Right after the start rates are over the time that there was.', async () => {
  const fixture = new Fixture()
  await fixture.call(search, 500)
  await fixture.call(search, 500)
  fixture.us = 7_000_000
  assert.deepEqual([fixture.load.summary().seconds, fixture.kind('search').perSecond], [2, 1])
})

test('A caller who leaves is no failure; one who is turned away is.', async () => {
  const fixture = new Fixture()
  const ends = ['CANCELLED', 'OVERLOADED', 'INTERNAL'] as const
  for (const reason of ends) {
    await assert.rejects(fixture.call(search, 1000, new VectronError(reason, 'said why')))
  }
  fixture.us += 1_000_000
  const { perSecond, failedPerSecond, refusedPerSecond } = fixture.kind('search')
  assert.deepEqual([perSecond, failedPerSecond, refusedPerSecond], [3, 2, 1])
})
