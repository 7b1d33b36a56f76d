/** Proves when a call is sent again, and after how long. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRetryAfter, VectronApiError } from './api-error.ts'
import { RETRY_DEFAULTS, retryDelayMs } from './retry.ts'

const unavailable = new VectronApiError('UNAVAILABLE', 'x', { status: 503 })
const failed = { error: unavailable, attempts: 1, leftMs: 60_000, idempotent: true }
const delay = (changes: Partial<typeof failed>, random = 1) =>
  retryDelayMs(RETRY_DEFAULTS, { ...failed, ...changes }, () => random)

test('the longest wait doubles up to the cap, and jitter spreads it from 0', () => {
  assert.equal(delay({ attempts: 1 }), 100)
  assert.equal(delay({ attempts: 2 }), 200)
  assert.equal(delay({ attempts: 3 }), 400)
  assert.equal(delay({ attempts: 3 }, 0), 0)
  assert.equal(delay({ attempts: 4 }), undefined, 'three retries')
  const many = { ...RETRY_DEFAULTS, retriesMax: 99 }
  assert.equal(
    retryDelayMs(many, { ...failed, attempts: 30 }, () => 1),
    5000,
  )
})

test('the server may ask for a longer wait, but not past the deadline', () => {
  const facts = { status: 429, retryAfterMs: 3000 }
  const error = new VectronApiError('RATE_LIMITED', 'x', facts)
  assert.equal(delay({ error }, 0), 3000)
  assert.equal(delay({ error, leftMs: 3000 }), undefined)
})

test('what is not safe twice, or would fail again, is not sent again', () => {
  assert.equal(delay({ idempotent: false }), undefined)
  for (const status of [400, 401, 404, 409, 413, 500, 507]) {
    assert.equal(delay({ error: new VectronApiError('X', 'x', { status }) }), undefined)
  }
  assert.equal(delay({ error: new VectronApiError('TIMED_OUT', 'x') }), undefined)
  assert.equal(delay({ error: new VectronApiError('UNREACHABLE', 'x') }), 100)
})

test('Retry-After is seconds or a date', () => {
  assert.equal(parseRetryAfter('2'), 2000)
  assert.equal(parseRetryAfter('Thu, 01 Jan 1970 00:00:10 GMT', 4000), 6000)
  assert.equal(parseRetryAfter('Thu, 01 Jan 1970 00:00:10 GMT', 20_000), 0)
  assert.equal(parseRetryAfter('soon'), undefined)
  assert.equal(parseRetryAfter(null), undefined)
})
