/** Three hosts over real sockets: they elect, replicate, and go on when the leader's node dies. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import {
  assertDefined,
  createLogger,
  createMetrics,
  deadlineAfter,
  groupId,
  replicaId,
  sleep,
  systemClock,
  systemRandom,
} from '@vectron/base'
import { createRaftCore, openRaftLog } from '@vectron/native'
import { HOST_LIMITS } from '../host-limits.ts'
import { ReplicaHost } from '../replica-host.ts'
import { ListMachine } from '../testing/list-machine.ts'
import { PeerTransport } from './peer-transport.ts'

const GROUP = groupId(1n)
const NODES = [1n, 2n, 3n]
const MEMBERS = NODES.map((node) => ({ replica: replicaId(node), learner: false }))
/** Five times as fast as in production. */
const LIMITS = { ...HOST_LIMITS, tickMs: 20 }

interface Member {
  readonly host: ReplicaHost
  readonly machine: ListMachine
}

async function openMember(
  context: TestContext,
  folder: string,
  directory: Map<bigint, string>,
  nodeId: bigint,
): Promise<Member> {
  const log = await openRaftLog(join(folder, nodeId.toString()))
  const core = createRaftCore({
    seed: nodeId,
    electionTicks: 15,
    heartbeatTicks: 2,
    messageBytesMax: 1 << 18,
    inflightMessagesMax: 64,
    uncommittedBytesMax: 1 << 26,
    committedBytesPerPollMax: 1 << 22,
  })
  const transport = await PeerTransport.open({
    identity: { clusterId: 'test', nodeId, bootEpoch: 1n },
    role: 'worker',
    listen: { host: '127.0.0.1', port: 0 },
    addressOf: (node) => directory.get(node),
    clock: systemClock,
    random: systemRandom,
    logger: createLogger({ name: 'test', write: () => {} }),
    metrics: createMetrics(),
  })
  directory.set(nodeId, transport.advertisedAddress)
  const host = ReplicaHost.open({
    core,
    log,
    clock: systemClock,
    transport,
    limits: LIMITS,
    onFatal: (error) => assert.fail(`the log failed: ${error}`),
  })
  context.after(async () => {
    await host.close()
    await log.close()
  })
  const machine = new ListMachine()
  const replica = replicaId(nodeId)
  transport.setMembers(
    GROUP,
    NODES.map((node) => ({ replica: replicaId(node), nodeId: node })),
  )
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

test('Three hosts replicate over sockets, and two go on when the leader is gone.', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'vectron-sockets-'))
  const directory = new Map<bigint, string>()
  const members: Member[] = []
  for (const node of NODES) members.push(await openMember(t, folder, directory, node))
  t.after(() => rm(folder, { recursive: true, force: true }))

  const deadline = deadlineAfter(systemClock, 20_000)
  const write = (to: Member, text: string) =>
    to.host.propose(GROUP, new Uint8Array(Buffer.from(text)), { deadline })
  const leader = await findLeader(members)
  const long = 'long '.padEnd(3_000_000, '.')
  const texts = [...Array.from({ length: 50 }, (_, index) => `${index}`), long]
  await Promise.all(texts.map((text) => write(leader, text)))
  for (const { host, machine } of members) {
    await host.readBarrier(GROUP, { deadline })
    assert.deepEqual(machine.commands, texts)
  }

  await leader.host.close()
  const rest = members.filter((member) => member !== leader)
  const next = await findLeader(rest)
  await write(next, 'after')
  const other = assertDefined(
    rest.find((member) => member !== next),
    'two are left',
  )
  await other.host.readBarrier(GROUP, { deadline })
  assert.deepEqual(other.machine.commands, [...texts, 'after'])
})
