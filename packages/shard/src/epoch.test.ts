import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shardId } from '@vectron/base'
import { checkEpoch } from './epoch.ts'

test('Older members and any other range are refused and told what is right; newer members pass.', () => {
  const own = { membership: 3n, range: 5n }
  checkEpoch(shardId(1n), own, { membership: 3n, range: 5n })
  checkEpoch(shardId(1n), own, { membership: 4n, range: 5n })
  for (const named of [
    undefined,
    { membership: 2n, range: 5n },
    { membership: 3n, range: 4n },
    { membership: 3n, range: 6n },
  ]) {
    assert.throws(() => checkEpoch(shardId(1n), own, named), {
      reason: 'STALE_EPOCH',
      metadata: { membership: '3', range: '5' },
    })
  }
})
