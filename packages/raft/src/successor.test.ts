import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseSuccessor } from './successor.ts'
import { LEADER_STATUS, peer } from './testing/leader-status.ts'

test('The voter that answers and lacks least of the log takes over; learners and silent ones do not.', () => {
  assert.equal(chooseSuccessor(LEADER_STATUS)?.replica, 3n)
  assert.equal(chooseSuccessor({ ...LEADER_STATUS, peers: [peer(5n, 9n)] }), undefined)
})
