/** A report is made anew when something in it changed, and only then. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HostedShard } from './hosted-shard.ts'
import { ReplicaReports } from './replica-report.ts'

/** A replica as the reports see it; fields are changed by the tests. */
function replicaOf(role: 'leader' | 'follower') {
  const peer = { replica: 8n, matchIndex: 5n, active: true, snapshot: false }
  return {
    schemaVersion: 1n,
    isBroken: false,
    figures: { pointsCount: 3n, indexedCount: 3n, diskBytes: 100n, appliedIndex: 5n, atUs: 0 },
    recentFigures() {
      return this.figures
    },
    shard: {
      shardId: 2n,
      replicaId: 7n,
      epoch: { membership: 1n, range: 0n },
      view: { role, term: 1n, leader: 7n },
      appliedIndex: 5n,
      damage: undefined as unknown,
      status: {
        voters: [7n, 8n],
        votersOutgoing: [],
        learners: [],
        lastIndex: 5n,
        membershipVersion: 1n,
        isJoint: false,
        peers: [peer],
      },
    },
    peer,
  }
}

function reportsOf(replica: ReturnType<typeof replicaOf>) {
  const time = { us: 0 }
  const registry = { open: [replica as unknown as HostedShard], failed: [] }
  const clock = { monotonicUs: () => time.us } as never
  const reports = new ReplicaReports({ registry, clock })
  return { time, next: () => reports.all()[0]! }
}

test('a follower at rest is told of by the same report; each change makes a new one', () => {
  const replica = replicaOf('follower')
  const { time, next } = reportsOf(replica)
  let before = next()
  const changes: [() => void, (report: typeof before) => void][] = [
    [
      () => {
        replica.shard.appliedIndex = 6n
      },
      (report) => assert.equal(report.appliedIndex, 6n),
    ],
    [
      () => {
        replica.schemaVersion = 2n
      },
      (report) => assert.equal(report.schemaVersion, 2n),
    ],
    [
      () => {
        replica.figures = { ...replica.figures, diskBytes: 7n }
      },
      (report) => assert.equal(report.diskBytes, 7n),
    ],
    [
      () => {
        replica.shard.view = { ...replica.shard.view, term: 2n }
      },
      (report) => assert.equal(report.term, 2n),
    ],
    [
      () => {
        replica.shard.damage = { reason: 'DATA_CORRUPT', message: 'torn' }
      },
      (report) => assert.equal(report.failure?.reason, 'DATA_CORRUPT'),
    ],
  ]
  for (const [change, check] of changes) {
    time.us += 3_600_000_000
    assert.equal(next(), before)
    change()
    const after = next()
    assert.notEqual(after, before)
    check(after)
    before = after
  }
})

test('a leader whose followers lag is told of anew each time; else every two seconds', () => {
  const replica = replicaOf('leader')
  const { time, next } = reportsOf(replica)
  const first = next()
  replica.peer.active = false
  time.us = 1_999_999
  assert.equal(next(), first)
  time.us += 1
  const silent = next()
  assert.deepEqual(
    silent.leadership?.members.map(({ active }) => active),
    [true, false],
  )
  replica.peer.active = true
  replica.peer.matchIndex = 4n
  assert.notEqual(next(), silent)
  replica.peer.matchIndex = 5n
  const level = next()
  assert.equal(level.leadership?.members[1]?.matchIndex, 5n)
  assert.equal(next(), level)
})
