/** Replicas that the log cannot feed, and what may happen to a snapshot on its way. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  GROUP,
  HostCluster,
  type HostNode,
  learner,
  numbered,
  TEST_HOST_LIMITS,
  voter,
} from './testing/host-cluster.ts'
import type { ListMachine } from './testing/list-machine.ts'

/** A leader alone, whose log has forgotten its beginning. */
async function openLeader(
  context: TestContext,
): Promise<{ cluster: HostCluster; leader: HostNode }> {
  const cluster = await HostCluster.open(context)
  const leader = await cluster.start(1n, [voter(1n)])
  await cluster.write(leader, ...numbered(80))
  return { cluster, leader }
}

const WITH_LEARNER = [voter(1n), learner(2n)]

test('a node that was away gets entries while the log has them, else a snapshot', async (context) => {
  const limits = { ...TEST_HOST_LIMITS, followerLogBytes: 20_000 }
  const cluster = await HostCluster.open(context, limits)
  const members = [voter(1n), voter(2n), voter(3n)]
  for (const node of [1n, 2n, 3n]) await cluster.start(node, members)
  const leader = await cluster.leader()
  const away = leader.nodeId === 3n ? 2n : 3n
  await cluster.write(leader, ...numbered(10))
  await cluster.node(away).stop()
  await cluster.write(leader, ...numbered(90, 'more'))
  const back = await cluster.start(away)
  await cluster.untilEqual(leader, back)
  assert.equal(leader.machine.snapshots, 0)
  assert.ok(leader.machine.checkpoints > 0)

  await back.stop()
  await cluster.write(leader, ...numbered(500, 'much more'))
  const again = await cluster.start(away)
  await cluster.untilEqual(leader, again)
  assert.equal(again.machine.installs, 1)
  assert.deepEqual(again.failures, [])
})

test('a snapshot that gets lost is given up on both sides and sent again', async (context) => {
  const { cluster, leader } = await openLeader(context)
  const joined = await cluster.start(2n)
  let chunksLost = 0
  // What carries a file is not told from what carries a message: all from the leader is lost as
  // soon as the first chunk was asked for.
  const receive = joined.machine.receiveSnapshot.bind(joined.machine)
  joined.machine.receiveSnapshot = async (manifest) => {
    if (chunksLost === 0) cluster.isLost = ({ from }) => from === 1n && ++chunksLost > 0
    return receive(manifest)
  }
  await cluster.changeOnce(WITH_LEARNER, 2n)
  await cluster.until(() => chunksLost > 20, 'the line is dead for a while')
  const waits = () => leader.host.status(GROUP)?.peers.some(({ snapshot }) => snapshot) === true
  await cluster.until(() => !waits(), 'the leader gives up')
  cluster.isLost = () => false
  await cluster.untilEqual(leader, joined)
  assert.equal(joined.machine.installs, 1)
})

test('a receiver that restarts in the middle begins again', async (context) => {
  const { cluster, leader } = await openLeader(context)
  const fetches: string[] = []
  let letGo = () => {}
  const joined = await cluster.start(2n, [], (machine) => {
    machine.receiveSnapshot = async () => ({
      write: () => {
        fetches.push('write')
        return new Promise((resolve) => {
          letGo = resolve
        })
      },
      finish: async () => {
        fetches.push('finish')
      },
      abort: async () => {
        fetches.push('abort')
      },
    })
  })
  await cluster.changeOnce(WITH_LEARNER, 2n)
  await cluster.until(() => fetches.length > 0, 'a fetch has begun')
  const stopped = joined.stop()
  letGo()
  await stopped
  assert.deepEqual(fetches, ['write', 'abort'])
  const back = await cluster.start(2n)
  await cluster.untilEqual(leader, back)
  assert.equal(back.machine.installs, 1)
})

test('a crash between log and state machine is mended at the next start', async (context) => {
  const { cluster, leader } = await openLeader(context)
  const refuse = (machine: ListMachine) => {
    machine.installSnapshot = async () => {
      throw new Error('the process dies here')
    }
  }
  const joined = await cluster.start(2n, [], refuse)
  await cluster.changeOnce(WITH_LEARNER, 2n)
  await cluster.until(() => joined.failures.length > 0, 'the log has the snapshot')
  assert.equal(joined.machine.appliedIndex, 0n)
  await joined.stop()
  const back = await cluster.start(2n)
  assert.equal(back.machine.installs, 1)
  assert.ok(back.machine.appliedIndex > 0n)
  await cluster.write(leader, 'after')
  await cluster.untilEqual(leader, back)
  assert.deepEqual(back.failures, [])
})

test('a prepared snapshot that the log never took is dropped at the next start', async (context) => {
  const { cluster, leader } = await openLeader(context)
  const node = await cluster.start(2n)
  node.machine.store.prepared = { appliedIndex: 40n, commands: [] }
  await node.stop()
  const back = await cluster.start(2n)
  assert.equal(back.machine.store.prepared, undefined)
  await cluster.changeMembers(WITH_LEARNER, 2n)
  await cluster.untilEqual(leader, back)
})

test('snapshots are let go when nobody needs them, and few exist at a time', async (context) => {
  const { cluster, leader } = await openLeader(context)
  let pinned = 0
  let pinnedMost = 0
  const take = leader.machine.takeSnapshot.bind(leader.machine)
  leader.machine.takeSnapshot = async () => {
    const snapshot = await take()
    pinnedMost = Math.max(pinnedMost, ++pinned)
    const release = async () => {
      pinned -= 1
    }
    return { ...snapshot, release }
  }
  const joining = [await cluster.start(2n), await cluster.start(3n), await cluster.start(4n)]
  await cluster.changeMembers([voter(1n), ...[2n, 3n, 4n].map(learner)], 2n)
  await cluster.untilEqual(leader, ...joining)
  await cluster.until(() => pinned === 0, 'the snapshot is released')
  assert.equal(pinnedMost, 1)
})
