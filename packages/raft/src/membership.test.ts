/** Members of a group come, change and go while it works. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { replicaId } from '@vectron/base'
import { planMemberChange } from './member-change.ts'
import {
  GROUP,
  HostCluster,
  type HostNode,
  learner,
  numbered,
  voter,
} from './testing/host-cluster.ts'
import { LEADER_STATUS } from './testing/leader-status.ts'

const VOTERS = [voter(1n), voter(2n), voter(3n)]

async function openThree(
  context: TestContext,
): Promise<{ cluster: HostCluster; leader: HostNode }> {
  const cluster = await HostCluster.open(context)
  for (const nodeId of [1n, 2n, 3n]) await cluster.start(nodeId, VOTERS)
  const leader = await cluster.leader()
  return { cluster, leader }
}

test('a replica joins by a snapshot, is promoted, and the leader is removed', async (context) => {
  const { cluster, leader } = await openThree(context)
  await cluster.write(leader, ...numbered(60))
  const joined = await cluster.start(4n)
  await cluster.changeMembers([...VOTERS, learner(4n)], 2n)
  await cluster.untilEqual(leader, joined)
  assert.equal(joined.machine.installs, 1)
  assert.equal(joined.host.status(GROUP)?.membershipVersion, 2n)

  await cluster.changeMembers([...VOTERS, voter(4n)], 3n)
  const stays = [1n, 2n, 3n, 4n].filter((node) => node !== leader.nodeId)
  await cluster.changeMembers(stays.map(voter), 4n)
  const next = await cluster.leader()
  assert.notEqual(next, leader)
  await cluster.write(next, 'after')
  await cluster.untilEqual(next, ...stays.map((node) => cluster.node(node)))
  await cluster.until(() => leader.host.status(GROUP)?.role !== 'leader', 'the old one steps down')
  await assert.rejects(leader.host.propose(GROUP, new Uint8Array([1])), { reason: 'NOT_LEADER' })
  await leader.host.destroyGroup(GROUP)
  await assert.rejects(leader.host.propose(GROUP, new Uint8Array([1])), {
    reason: 'SHARD_UNAVAILABLE',
  })
})

test('leadership goes where it is sent, and to voters alone', async (context) => {
  const { cluster, leader } = await openThree(context)
  const to = leader.nodeId === 1n ? 2n : 1n
  assert.throws(() => leader.host.transferLeader(GROUP, replicaId(9n)), {
    reason: 'INVALID_ARGUMENT',
  })
  assert.throws(() => cluster.node(to).host.transferLeader(GROUP, replicaId(to)), {
    reason: 'NOT_LEADER',
  })
  await cluster.write(leader, 'before')
  leader.host.transferLeader(GROUP, replicaId(to))
  await cluster.until(
    () => cluster.node(to).host.status(GROUP)?.role === 'leader',
    `node ${to} leads`,
  )
})

test('a leader that waits for its heir takes no writes, and says where to send them', async (context) => {
  const { cluster, leader } = await openThree(context)
  const heir = leader.nodeId === 1n ? 2n : 1n
  await cluster.write(leader, 'before')
  cluster.isLost = ({ to }) => to === heir
  leader.host.transferLeader(GROUP, replicaId(heir))
  await assert.rejects(leader.host.propose(GROUP, new Uint8Array([1])), {
    reason: 'NOT_LEADER',
    metadata: { leader: `${heir}` },
  })
  cluster.isLost = () => false
  await cluster.until(async () => {
    await cluster.write(await cluster.leader(), 'after').catch(() => {})
    return cluster.node(3n).machine.commands.some((command) => command.startsWith('after'))
  }, 'writes go on')
})

test('all members but one are replaced at once', async (context) => {
  const { cluster, leader } = await openThree(context)
  await cluster.write(leader, ...numbered(40))
  await cluster.start(4n)
  await cluster.start(5n)
  const members = [leader.nodeId, 4n, 5n].map(voter)
  await cluster.changeMembers(members, 2n)
  for (const node of [1n, 2n, 3n].filter((node) => node !== leader.nodeId)) {
    await cluster.node(node).host.destroyGroup(GROUP)
  }
  await cluster.write(await cluster.leader(), 'after')
  await cluster.untilEqual(leader, cluster.node(4n), cluster.node(5n))
  const { voters, membershipVersion } = leader.host.status(GROUP)!
  assert.deepEqual([...voters].sort(), members.map(({ replica }) => replica).sort())
  assert.equal(membershipVersion, 2n)
})

test('a leader that is not to stay hands over to the voter that has most', () => {
  const plan = (members: readonly bigint[], version = 4n, changed = {}) =>
    planMemberChange({
      status: { ...LEADER_STATUS, ...changed },
      self: replicaId(1n),
      members: members.map(voter),
      version,
    })
  assert.deepEqual(plan([2n, 3n, 4n, 5n]), { kind: 'transferring', to: 3n })
  const far = { lastIndex: 2000n }
  assert.deepEqual(plan([2n, 3n, 4n, 5n], 4n, far), { kind: 'under-way' })
  assert.deepEqual(plan([1n, 2n]), { kind: 'propose' })
  assert.deepEqual(plan([6n, 7n]), { kind: 'propose' })
  assert.deepEqual(plan([2n, 3n], 3n), { kind: 'unchanged' })
  assert.deepEqual(plan([2n, 3n], 4n, { isJoint: true }), { kind: 'under-way' })
})
