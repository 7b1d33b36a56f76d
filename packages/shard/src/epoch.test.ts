import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shardId } from '@vectron/base'
import { checkEpoch } from './epoch.ts'

test('Only the very same epoch passes; older and newer ones are told what is right.', () => {
  const own = { membership: 3n, range: 5n }
  checkEpoch(shardId(1n), own, { membership: 3n, range: 5n })
  for (const named of [
    undefined,
    { membership: 2n, range: 5n },
    { membership: 4n, range: 5n },
    { membership: 3n, range: 4n },
  ]) {
    assert.throws(() => checkEpoch(shardId(1n), own, named), {
      reason: 'STALE_EPOCH',
      metadata: { membership: '3', range: '5' },
    })
  }
})
