import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type Clock, systemClock } from '@vectron/base'
import { LoginThrottle } from './login-throttle.ts'
import { openSqliteStore } from './store/sqlite-store.ts'

const ANN = { email: 'Ann@example.org', address: '192.0.2.1' }
const WAITS = { reason: 'RATE_LIMITED' }

/** Two instances over one store, and a clock that stands still until it is moved. */
function openInstances(t: TestContext) {
  let nowMs = systemClock.nowMs()
  const clock: Clock = { ...systemClock, nowMs: () => nowMs }
  const folder = mkdtempSync(join(tmpdir(), 'vectron-throttle-'))
  const store = openSqliteStore(join(folder, 'credentials.db'), clock)
  t.after(() => {
    store.close()
    rmSync(folder, { recursive: true })
  })
  const pass = (ms: number) => {
    nowMs += ms
  }
  return {
    one: new LoginThrottle(store, clock),
    other: new LoginThrottle(store, clock),
    pass,
    store,
  }
}

test('wrong passwords count together, at whatever instance they are given', async (t) => {
  const { one, other, pass } = openInstances(t)
  for (const instance of [one, other, one, other, one]) {
    await instance.onWrong(ANN)
    await other.check(ANN)
  }
  await other.onWrong(ANN)
  for (const instance of [one, other]) await assert.rejects(instance.check(ANN), WAITS)
  pass(1000)
  await one.check(ANN)
  await one.onWrong(ANN)
  pass(1000)
  await assert.rejects(other.check(ANN), { ...WAITS, retryAfterMs: 1000 })
  pass(1000)
  await other.check(ANN)
})

test('a right one ends the wait of the account for all instances, not that of the address', async (t) => {
  const { one, other } = openInstances(t)
  for (let tries = 0; tries < 21; tries++) await one.onWrong(ANN)
  await other.onRight(ANN)
  await assert.rejects(one.check(ANN), { ...WAITS, retryAfterMs: 1000 })
  await one.check({ ...ANN, address: '192.0.2.2' })
})

test('an account waits from wherever it is tried, in whatever case it is written', async (t) => {
  const { one } = openInstances(t)
  for (let tries = 0; tries < 6; tries++) await one.onWrong({ ...ANN, address: `192.0.2.${tries}` })
  await assert.rejects(one.check({ email: 'ANN@EXAMPLE.ORG', address: '192.0.2.9' }), WAITS)
})

test('of wrong passwords at the same moment each counts', async (t) => {
  const { one, other } = openInstances(t)
  await Promise.all(Array.from({ length: 6 }, (_, at) => (at % 2 ? one : other).onWrong(ANN)))
  await assert.rejects(one.check(ANN), WAITS)
})

test('no wait is longer than a quarter of an hour, and an hour later nothing is kept', async (t) => {
  const { one, pass, store } = openInstances(t)
  for (let tries = 0; tries < 40; tries++) await one.onWrong(ANN)
  await assert.rejects(one.check(ANN), { ...WAITS, retryAfterMs: 15 * 60_000 })
  pass(-10 * 60_000)
  await assert.rejects(one.check(ANN), { ...WAITS, retryAfterMs: 15 * 60_000 })
  pass(70 * 60_000)
  assert.deepEqual(await store.list('waits/'), [])
})
