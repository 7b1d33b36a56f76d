import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isVectronError, logIndex, seededRandom, shardId, testSeed } from '@vectron/base'
import { sealToken } from './sealed-token.ts'
import { encodeSessionToken, parseSessionToken } from './session-token.ts'

const malformed = (error: unknown) => isVectronError(error, 'INVALID_SESSION_TOKEN')
const positions = new Map([
  [shardId(1n), logIndex(5n)],
  [shardId(2n), logIndex((1n << 63n) + 9n)],
])

test('A token gives back the positions that it was made of.', () => {
  assert.deepEqual(parseSessionToken('c', encodeSessionToken('c', positions)), positions)
})

test('A token of another cluster, of another purpose or cut short is refused.', () => {
  const token = encodeSessionToken('c', positions)
  assert.throws(() => parseSessionToken('d', token), malformed)
  assert.throws(() => parseSessionToken('c', token.slice(0, -3)), malformed)
  assert.throws(() => parseSessionToken('c', ''), malformed)
  const page = sealToken({ clusterId: 'c', purpose: 'page' }, new Uint8Array(16))
  assert.throws(() => parseSessionToken('c', page), malformed)
  const odd = sealToken({ clusterId: 'c', purpose: 'session' }, new Uint8Array(15))
  assert.throws(() => parseSessionToken('c', odd), malformed)
})

test('A token with any character changed is refused, and any text is.', () => {
  const seed = testSeed()
  const random = seededRandom(seed)
  const token = encodeSessionToken('c', positions)
  for (let at = 0; at < token.length; at++) {
    const other = token[at] === 'A' ? 'B' : 'A'
    const changed = token.slice(0, at) + other + token.slice(at + 1)
    assert.throws(() => parseSessionToken('c', changed), malformed)
  }
  for (let i = 0; i < 200; i++) {
    const bytes = new Uint8Array(random.nextBelow(60))
    random.fill(bytes)
    const text = Buffer.from(bytes).toString(i % 2 === 0 ? 'base64url' : 'latin1')
    assert.throws(() => parseSessionToken('c', text), malformed, `VECTRON_SEED=${seed}`)
  }
})
