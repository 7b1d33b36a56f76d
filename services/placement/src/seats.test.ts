import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GroupStatus } from '@vectron/native'
import { nextMembers } from './seats.ts'

function status(change: Partial<GroupStatus>): GroupStatus {
  return {
    group: 0n,
    term: 1n,
    leader: 1n,
    role: 'leader',
    commit: 1000n,
    applied: 1000n,
    lastIndex: 1000n,
    firstIndex: 1n,
    voters: [1n, 2n, 3n],
    learners: [],
    votersOutgoing: [],
    membershipVersion: 1n,
    isJoint: false,
    peers: [],
    ...change,
  }
}

const members = (change: Partial<GroupStatus>, seats = [1n, 2n, 6n]) =>
  nextMembers(seats, status(change))?.map(({ replica, learner }) => {
    return `${replica}${learner ? ' learner' : ''}`
  })

test('A new seat takes part as a learner first, and votes once it is up to date.', () => {
  const peer = { replica: 6n, matchIndex: 950n, active: true, snapshot: false }
  const joined = { voters: [1n, 2n], learners: [6n] }
  assert.deepEqual(members({}), ['1', '2', '6 learner'])
  assert.equal(members({ isJoint: true }), undefined)
  assert.equal(members(joined), undefined)
  assert.equal(members({ ...joined, peers: [{ ...peer, matchIndex: 5n }] }), undefined)
  assert.equal(members({ ...joined, peers: [{ ...peer, active: false }] }), undefined)
  const empty = { ...joined, lastIndex: 9n, peers: [{ ...peer, matchIndex: 0n }] }
  assert.equal(members(empty), undefined)
  assert.deepEqual(members({ ...joined, peers: [peer] }), ['1', '2', '6'])
  assert.equal(members({ voters: [1n, 2n, 6n] }), undefined)
})

test('A seat that was given twice gives way to the later one.', () => {
  assert.deepEqual(members({ voters: [1n, 2n], learners: [6n] }, [1n, 2n, 7n]), [
    '1',
    '2',
    '7 learner',
  ])
})
