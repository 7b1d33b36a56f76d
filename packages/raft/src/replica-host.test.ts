/** The replica host on the real addon: real raft, a real log in a temporary folder, real time. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { deadlineAfter, groupId, replicaId, systemClock } from '@vectron/base'
import { createRaftCore, openRaftLog, type RaftLog } from '@vectron/native'
import { CORE_LIMITS, HOST_LIMITS, type HostLimits } from './host-limits.ts'
import { InProcessNetwork } from './in-process-network.ts'
import { ReplicaHost } from './replica-host.ts'
import { ListMachine } from './testing/list-machine.ts'

const GROUP = groupId(7n)
const REPLICA = replicaId(1n)
const soon = () => deadlineAfter(systemClock, 10_000)

async function temporaryFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vectron-host-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

interface Opened {
  readonly host: ReplicaHost
  readonly log: RaftLog
  close(): Promise<void>
}

async function openHost(
  context: TestContext,
  folder: string,
  limits: HostLimits = HOST_LIMITS,
): Promise<Opened> {
  const log = await openRaftLog(join(folder, 'log'))
  const core = createRaftCore({
    seed: 1n,
    ...CORE_LIMITS,
  })
  const identity = { clusterId: 'test', nodeId: 1n, bootEpoch: 1n }
  const transport = new InProcessNetwork().connect(identity)
  const host = ReplicaHost.open({
    core,
    log,
    clock: systemClock,
    transport,
    limits,
    onFatal: (error) => assert.fail(`the log failed: ${error}`),
  })
  let isOpen = true
  const close = async () => {
    if (!isOpen) return
    isOpen = false
    await host.close()
    await log.close()
  }
  context.after(close)
  return { host, log, close }
}

const bootstrap = [{ replica: REPLICA, learner: false }]
const bytes = (text: string) => new Uint8Array(Buffer.from(text))

test('a write is proposed, fsynced, applied and answered with its result', async (context) => {
  const opened = await openHost(context, await temporaryFolder(context))
  const stateMachine = new ListMachine()
  await opened.host.createGroup(GROUP, { replica: REPLICA, bootstrap, stateMachine })
  const first = await opened.host.propose(GROUP, bytes('a'), { deadline: soon() })
  assert.equal(first.result, 'did a')
  const rest = ['b', 'c', 'd'].map((text) => opened.host.propose(GROUP, bytes(text)))
  const results = await Promise.all(rest)
  assert.deepEqual(
    results.map(({ index }) => index - first.index),
    [1n, 2n, 3n],
  )
  const read = await opened.host.readBarrier(GROUP, { deadline: soon() })
  assert.ok(read >= results[2]!.index)
  assert.deepEqual(stateMachine.commands, ['a', 'b', 'c', 'd'])
})

test('a restart replays what the state machine has not kept', async (context) => {
  const folder = await temporaryFolder(context)
  const before = await openHost(context, folder)
  const lost = new ListMachine()
  await before.host.createGroup(GROUP, { replica: REPLICA, bootstrap, stateMachine: lost })
  const kept = await before.host.propose(GROUP, bytes('kept'))
  await before.host.propose(GROUP, bytes('replayed'))
  await before.close()

  const after = await openHost(context, folder)
  const stateMachine = new ListMachine({
    durable: { appliedIndex: kept.index, commands: ['kept'] },
  })
  await after.host.createGroup(GROUP, { replica: REPLICA, bootstrap: [], stateMachine })
  await after.host.readBarrier(GROUP, { deadline: soon() })
  assert.deepEqual(stateMachine.commands, ['kept', 'replayed'])
  await after.close()
})

test('a log that lost what was applied is refused', async (context) => {
  const opened = await openHost(context, await temporaryFolder(context))
  const stateMachine = new ListMachine({ durable: { appliedIndex: 40n, commands: [] } })
  const creating = opened.host.createGroup(GROUP, { replica: REPLICA, bootstrap, stateMachine })
  await assert.rejects(creating, { reason: 'DATA_CORRUPT', subject: 'raft group 7' })
})

test('the log asks for checkpoints and forgets what they made durable', async (context) => {
  const folder = await temporaryFolder(context)
  const limits = { ...HOST_LIMITS, checkpointLogBytes: 20_000, compactLogBytes: 10_000 }
  const opened = await openHost(context, folder, limits)
  const stateMachine = new ListMachine()
  await opened.host.createGroup(GROUP, { replica: REPLICA, bootstrap, stateMachine })
  for (let round = 0; round < 100; round++) {
    await opened.host.propose(GROUP, bytes(`${round}`.padEnd(1000)))
  }
  assert.ok(stateMachine.checkpoints >= 3, `${stateMachine.checkpoints} checkpoints`)
  await opened.close()
  const log = await openRaftLog(join(folder, 'log'))
  assert.ok(log.load(GROUP)!.length < 60_000)
  await log.close()
})

test('writes beyond the bytes in flight are refused, and taken again later', async (context) => {
  const limits = { ...HOST_LIMITS, inFlightBytesMax: 2500 }
  const opened = await openHost(context, await temporaryFolder(context), limits)
  const stateMachine = new ListMachine()
  await opened.host.createGroup(GROUP, { replica: REPLICA, bootstrap, stateMachine })
  const two = [1, 2].map(() => opened.host.propose(GROUP, new Uint8Array(1000).fill(65)))
  const third = opened.host.propose(GROUP, new Uint8Array(1000).fill(66))
  await assert.rejects(third, { reason: 'OVERLOADED' })
  await Promise.all(two)
  await opened.host.propose(GROUP, new Uint8Array(1000).fill(67))
  assert.equal(stateMachine.commands.length, 3)
})

test('a state machine that fails takes its group down and no other', async (context) => {
  const opened = await openHost(context, await temporaryFolder(context))
  const failing = new ListMachine()
  failing.apply = async (entries) => {
    if (entries.some(({ kind }) => kind === 'command')) throw new Error('out of order')
    return entries.map(() => '')
  }
  const sound = new ListMachine()
  const other = groupId(8n)
  await opened.host.createGroup(other, { replica: REPLICA, bootstrap, stateMachine: sound })
  await opened.host.createGroup(GROUP, { replica: REPLICA, bootstrap, stateMachine: failing })
  const write = opened.host.propose(GROUP, bytes('a'))
  await assert.rejects(write, { reason: 'OUTCOME_UNKNOWN' })
  await assert.rejects(opened.host.propose(GROUP, bytes('b')), { reason: 'SHARD_UNAVAILABLE' })
  await opened.host.propose(other, bytes('c'))
  assert.deepEqual(sound.commands, ['c'])
})

test('a destroyed group is gone from the log', async (context) => {
  const folder = await temporaryFolder(context)
  const opened = await openHost(context, folder)
  const stateMachine = new ListMachine()
  await opened.host.createGroup(GROUP, { replica: REPLICA, bootstrap, stateMachine })
  await opened.host.propose(GROUP, bytes('a'))
  assert.deepEqual(opened.log.groups(), [GROUP])
  await opened.host.destroyGroup(GROUP)
  assert.deepEqual(opened.log.groups(), [])
})
