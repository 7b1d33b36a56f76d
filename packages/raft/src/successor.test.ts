import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GroupStatus } from '@vectron/native'
import { chooseSuccessor } from './successor.ts'

test('The voter that answers and lacks least of the log takes over; learners and silent ones do not.', () => {
  const peer = (replica: bigint, matchIndex: bigint, active = true) => ({
    replica,
    matchIndex,
    active,
    snapshot: false,
  })
  const status: GroupStatus = {
    group: 1n,
    term: 2n,
    leader: 1n,
    role: 'leader',
    commit: 9n,
    applied: 9n,
    lastIndex: 9n,
    firstIndex: 2n,
    voters: [1n, 2n, 3n, 4n],
    learners: [5n],
    votersOutgoing: [],
    membershipVersion: 1n,
    isJoint: false,
    peers: [peer(2n, 7n), peer(3n, 8n), peer(4n, 9n, false), peer(5n, 9n)],
  }
  assert.equal(chooseSuccessor(status)?.replica, 3n)
  assert.equal(chooseSuccessor({ ...status, peers: [peer(5n, 9n)] }), undefined)
})
