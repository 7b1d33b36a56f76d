/** Three hosts over the in-process transport: they elect, replicate, refuse and read. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { assertDefined, deadlineAfter, groupId, replicaId, sleep, systemClock } from '@vectron/base'
import { createRaftCore, openRaftLog } from '@vectron/native'
import { HOST_LIMITS } from './host-limits.ts'
import { InProcessNetwork } from './in-process-network.ts'
import { ReplicaHost } from './replica-host.ts'
import { ListMachine } from './testing/list-machine.ts'
import { FrameGate } from './transport.ts'

const GROUP = groupId(1n)
const NODES = [1n, 2n, 3n]
const MEMBERS = NODES.map((node) => ({ replica: replicaId(node), learner: false }))
/** Ten times as fast as in production. */
const LIMITS = { ...HOST_LIMITS, tickMs: 10 }

interface Member {
  readonly host: ReplicaHost
  readonly machine: ListMachine
}

async function openMember(
  context: TestContext,
  folder: string,
  network: InProcessNetwork,
  nodeId: bigint,
  electionTicks = 15,
): Promise<Member> {
  const log = await openRaftLog(join(folder, nodeId.toString()))
  const core = createRaftCore({
    seed: 5n,
    electionTicks,
    heartbeatTicks: 2,
    messageBytesMax: 1 << 18,
    inflightMessagesMax: 64,
    uncommittedBytesMax: 1 << 26,
    committedBytesPerPollMax: 1 << 22,
  })
  const transport = network.connect({ clusterId: 'test', nodeId, bootEpoch: 1n })
  const onFatal = (error: unknown) => assert.fail(`the log failed: ${error}`)
  const host = ReplicaHost.open({
    core,
    log,
    clock: systemClock,
    transport,
    limits: LIMITS,
    onFatal,
  })
  context.after(async () => {
    await host.close()
    await log.close()
  })
  const machine = new ListMachine()
  const replica = replicaId(nodeId)
  await host.createGroup(GROUP, { replica, bootstrap: MEMBERS, stateMachine: machine })
  return { host, machine }
}

async function findLeader(members: readonly Member[]): Promise<Member> {
  for (;;) {
    const leader = members.find(({ host }) => host.status(GROUP)?.role === 'leader')
    if (leader !== undefined) return leader
    await sleep(systemClock, LIMITS.tickMs)
  }
}

test('three hosts replicate; followers refuse writes and answer reads', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'vectron-hosts-'))
  const network = new InProcessNetwork()
  const members: Member[] = []
  for (const node of NODES) members.push(await openMember(context, folder, network, node))
  context.after(() => rm(folder, { recursive: true, force: true }))

  const leader = await findLeader(members)
  const deadline = deadlineAfter(systemClock, 20_000)
  const write = async (text: string) =>
    leader.host.propose(GROUP, new Uint8Array(Buffer.from(text)), { deadline })
  const answers = await Promise.all(['a', 'b', 'c'].map(write))
  assert.deepEqual(
    answers.map(({ result }) => result),
    ['did a', 'did b', 'did c'],
  )

  const follower = assertDefined(
    members.find((member) => member !== leader),
    'two members follow',
  )
  await assert.rejects(follower.host.propose(GROUP, new Uint8Array([1])), {
    reason: 'NOT_LEADER',
    metadata: { leader: leader.host.status(GROUP)?.leader.toString() },
  })
  await follower.host.readBarrier(GROUP, { deadline })
  assert.deepEqual(follower.machine.commands, ['a', 'b', 'c'])
})

test('frames of strangers and of earlier lives do not count', () => {
  const gate = new FrameGate('ours')
  const frame = (clusterId: string, bootEpoch: bigint) =>
    gate.admits({ from: { clusterId, nodeId: 1n, bootEpoch } })
  assert.equal(frame('theirs', 9n), false)
  assert.equal(frame('ours', 2n), true)
  assert.equal(frame('ours', 1n), false)
  assert.equal(frame('ours', 3n), true)
})

test('The first voter leads a new group, however long elections take, also when others come late', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'vectron-hosts-'))
  const network = new InProcessNetwork()
  const never = 1_000_000
  const first = await openMember(context, folder, network, 1n, never)
  // It stands for election before anybody could answer, and goes on.
  while (first.host.status(GROUP)?.role !== 'pre-candidate') {
    await sleep(systemClock, LIMITS.tickMs)
  }
  const rest: Member[] = []
  for (const node of [2n, 3n]) {
    rest.push(await openMember(context, folder, network, node, never))
  }
  context.after(() => rm(folder, { recursive: true, force: true }))

  assert.equal(await findLeader([first, ...rest]), first)
  const deadline = deadlineAfter(systemClock, 20_000)
  await first.host.propose(GROUP, new Uint8Array([1]), { deadline })
})
