/** A message that raft refuses harms neither the process nor the group. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deadlineAfter, groupId, replicaId, systemClock } from '@vectron/base'
import { createRaftCore, type RaftLog } from '@vectron/native'
import { CORE_LIMITS } from './host-limits.ts'
import { InProcessNetwork } from './in-process-network.ts'
import { ReplicaHost } from './replica-host.ts'
import { ListMachine } from './testing/list-machine.ts'

const GROUP = groupId(7n)
const REPLICA = replicaId(1n)

/** Keeps nothing: the host is never opened again. */
const log: RaftLog = {
  groups: () => [],
  load: () => undefined,
  append: async () => {},
  compact: async () => {},
  remove: async () => {},
  diskBytes: () => 0,
  close: async () => {},
} as unknown as RaftLog

test('what a peer sends may be garbage', async (context) => {
  const network = new InProcessNetwork()
  const identity = { clusterId: 'test', bootEpoch: 1n }
  const host = ReplicaHost.open({
    core: createRaftCore({
      seed: 1n,
      ...CORE_LIMITS,
    }),
    log,
    clock: systemClock,
    transport: network.connect({ ...identity, nodeId: 1n }),
    onFatal: (error) => assert.fail(`the log failed: ${error}`),
  })
  context.after(() => host.close())
  const stateMachine = new ListMachine()
  const bootstrap = [{ replica: REPLICA, learner: false }]
  await host.createGroup(GROUP, { replica: REPLICA, bootstrap, stateMachine })

  const stranger = network.connect({ ...identity, nodeId: 2n })
  const data = new Uint8Array([255, 255, 255])
  stranger.send([{ group: GROUP, from: 2n, to: REPLICA, data }])
  const deadline = deadlineAfter(systemClock, 10_000)
  const { result } = await host.propose(GROUP, new Uint8Array([97]), { deadline })
  assert.equal(result, 'did a')
})
