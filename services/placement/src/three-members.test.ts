/** Three members of placement over workers that obey: what runs survives the death of a leader. */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { isVectronError, seededRandom, sleep, systemClock, VectronError } from '@vectron/base'
import { placement } from '@vectron/contracts'
import { createRaftCore, openRaftLog } from '@vectron/native'
import { HOST_LIMITS, InProcessNetwork, ReplicaHost } from '@vectron/raft'
import { type Client, createInProcessClient } from '@vectron/rpc'
import type { PlacementMember } from './members.ts'
import { openPlacement, type RunningPlacement } from './open-placement.ts'
import { PLAN_SETTINGS } from './planning/plan-settings.ts'
import { ModelGroups } from './planning/testing/model-groups.ts'
import { CATALOG_GROUP } from './replicated-catalog.ts'

/** A hundred times as hasty as in production. */
const SETTINGS = {
  silentMs: 200,
  deadMs: 500,
  tickMs: 5,
  roundMs: 10,
  plan: { ...PLAN_SETTINGS, resendMs: 50, restMs: 100, retryMs: 50, stepMs: 5_000 },
}
const BEAT_MS = 10
const MEMBERS: readonly PlacementMember[] = [1n, 2n, 3n].map((memberId) => {
  return { memberId, address: `placement-${memberId}`, raftAddress: '' }
})

type PlacementClient = Client<typeof placement.Placement>

interface Member {
  readonly address: string
  readonly client: PlacementClient
  kill(): Promise<void>
}

interface Cluster {
  readonly folder: string
  readonly network: InProcessNetwork
  /** By address. */
  readonly clients: Map<string, PlacementClient>
  /** Ends what was opened. */
  readonly closers: (() => Promise<void>)[]
}

async function openMember(
  { folder, network, clients, closers }: Cluster,
  memberId: bigint,
  bootEpoch = 1n,
): Promise<Member> {
  const own = join(folder, `${memberId}`)
  const address = `placement-${memberId}`
  const log = await openRaftLog(join(own, 'log'))
  const core = createRaftCore({
    seed: memberId,
    electionTicks: 15,
    heartbeatTicks: 2,
    messageBytesMax: 1 << 18,
    inflightMessagesMax: 64,
    uncommittedBytesMax: 1 << 26,
    committedBytesPerPollMax: 1 << 22,
  })
  const transport = network.connect({ clusterId: 'test', nodeId: memberId, bootEpoch })
  const host = ReplicaHost.open({
    core,
    log,
    clock: systemClock,
    transport,
    limits: { ...HOST_LIMITS, tickMs: 5, snapshotStartMs: 100 },
    onFatal: (error) => assert.fail(`${error}`),
  })
  let isDead = false
  let running: RunningPlacement | undefined
  const kill = async () => {
    if (isDead) return
    isDead = true
    clients.delete(address)
    await running?.close()
    await host.close()
    await log.close()
  }
  closers.push(kill)
  running = await openPlacement({
    folder: own,
    host,
    clock: systemClock,
    random: seededRandom(memberId),
    member: { memberId, members: MEMBERS },
    settings: SETTINGS,
    meeting: {
      log,
      onFatal: (error) => assert.fail(`${error}`),
      setMembers: (places) => transport.setMembers(CATALOG_GROUP, places),
      connect: (other) => ({
        meetMember: async (request, options) => {
          const client = clients.get(other.address)
          if (client === undefined) throw new VectronError('UNAVAILABLE', 'It is not there yet.')
          return client.meetMember(request, options)
        },
      }),
    },
    whenEmpty: { kind: 'bootstrap' },
  }).catch(async (error) => {
    await kill()
    throw error
  })
  const client = createInProcessClient(placement.Placement, running.service)
  clients.set(address, client)
  return { address, client, kill }
}

/** Asks whoever leads; knows no more than the list of members. */
class LeaderClient {
  readonly members: Member[]

  constructor(members: readonly Member[]) {
    this.members = [...members]
  }

  async call<T>(ask: (client: PlacementClient) => Promise<T>): Promise<T> {
    for (;;) {
      for (const member of this.members) {
        try {
          return await ask(member.client)
        } catch (error) {
          if (!isVectronError(error, 'NOT_LEADER')) throw error
        }
      }
      await sleep(systemClock, BEAT_MS)
    }
  }

  async leader(): Promise<Member> {
    return this.call(async (client) => {
      await client.listOperators({})
      return this.members.find((member) => member.client === client)!
    })
  }
}

/** Workers that do what they are assigned, over groups without Raft. */
class Workers {
  readonly groups = new ModelGroups()
  readonly #leader: LeaderClient
  readonly #assigned = new Map<bigint, placement.Assignment[]>()
  readonly #versions = new Map<bigint, bigint>()
  readonly #stopping = new AbortController()
  #running: Promise<void> = Promise.resolve()

  constructor(leader: LeaderClient) {
    this.#leader = leader
  }

  async add(): Promise<bigint> {
    const { workerId } = await this.#leader.call((client) => client.registerWorker({}))
    this.groups.alive.add(workerId)
    return workerId
  }

  start(): void {
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const { table } = await this.#leader.call((client) => client.getRouting({}))
      this.groups.step(table?.collections.flatMap(({ shards }) => shards) ?? [])
      for (const workerId of this.groups.alive) await this.#beat(workerId)
      await sleep(systemClock, BEAT_MS)
    }
  }

  async #beat(workerId: bigint): Promise<void> {
    const answer = await this.#leader.call((client) =>
      client.heartbeat({
        workerId,
        replicas: this.groups.reports(workerId, this.#assigned.get(workerId) ?? []),
        knownVersion: this.#versions.get(workerId) ?? 0n,
      }),
    )
    for (const command of answer.commands) this.groups.tell(command)
    if (answer.version === this.#versions.get(workerId)) return
    this.#versions.set(workerId, answer.version)
    this.#assigned.set(workerId, answer.assignments)
  }
}

function createCluster(t: TestContext): Cluster {
  const folder = mkdtempSync(join(tmpdir(), 'vectron-placement-'))
  const closers: (() => Promise<void>)[] = []
  t.after(async () => {
    for (const close of closers) await close()
    rmSync(folder, { recursive: true })
  })
  return { folder, network: new InProcessNetwork(), clients: new Map(), closers }
}

async function openThree(t: TestContext): Promise<{ leader: LeaderClient; workers: Workers }> {
  const cluster = createCluster(t)
  const members: Member[] = []
  for (const { memberId } of MEMBERS) members.push(await openMember(cluster, memberId))
  const leader = new LeaderClient(members)
  const workers = new Workers(leader)
  cluster.closers.unshift(() => workers.stop())
  return { leader, workers }
}

async function knowsLeader({ client }: Member): Promise<boolean> {
  try {
    await client.getCluster({})
    return true
  } catch (error) {
    return isVectronError(error, 'NOT_LEADER') && error.metadata?.['leaderAddress'] !== undefined
  }
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await sleep(systemClock, BEAT_MS)
}

test('A leader of placement dies while replicas are rebuilt: the next one finishes it.', async (t) => {
  const { leader, workers } = await openThree(t)
  for (let i = 0; i < 5; i++) await workers.add()
  workers.start()
  await until(async () => {
    const { workers: statuses } = await leader.call((client) => client.getCluster({}))
    return statuses.every(({ worker }) => worker?.lastHeartbeatMs !== 0n)
  })
  const collection = { name: 'c', dimension: 3, shardCount: 4, replicationFactor: 3 }
  const created = await leader.call(async (client) => client.createCollection({ collection }))
  assert.equal(created.shards.length, 4)

  const first = await leader.leader()
  const follower = leader.members.find((member) => member !== first)!
  await assert.rejects(follower.client.getCluster({}), {
    reason: 'NOT_LEADER',
    metadata: { leaderAddress: first.address },
  })

  for (const workerId of [1n, 2n, 4n, 5n]) workers.groups.speeds.set(workerId, 300n)
  workers.groups.alive.delete(3n)
  await until(async () => {
    const { operators } = await leader.call((client) => client.getCluster({}))
    return operators.some(({ kind, steps }) => {
      return kind === 'replace_replica' && steps[0]?.state === 'done'
    })
  })
  leader.members.splice(leader.members.indexOf(first), 1)
  await first.kill()

  const shards = async () => {
    const { table } = await leader.call((client) => client.getRouting({}))
    return table?.collections[0]?.shards ?? []
  }
  await until(async () => {
    return (await shards()).every(({ replicas }) => {
      const isWhole = replicas.every((one) => !one.learner && !one.leaving && one.workerId !== 3n)
      return isWhole && replicas.length === 3
    })
  })
  for (const { replicas } of await shards()) {
    assert.equal(new Set(replicas.map(({ workerId }) => workerId)).size, 3)
  }
  const { clusterId, workers: statuses } = await leader.call((client) => client.getCluster({}))
  assert.match(clusterId, /^[0-9a-f]{32}$/)
  const dead = statuses.find(({ worker }) => worker?.workerId === 3n)
  assert.equal(dead?.worker?.state, placement.WorkerState.DEAD)
  await leader.call((client) => client.removeWorker({ workerId: 3n }))
})

test('A cluster begins when all members are there, and takes in one that lost its disk.', async (t) => {
  const cluster = createCluster(t)
  const first = await openMember(cluster, 1n)
  const second = await openMember(cluster, 2n)
  const refusal = { reason: 'NOT_LEADER', message: /no leader/ }
  await assert.rejects(first.client.getCluster({}), refusal)
  const leader = new LeaderClient([first, second, await openMember(cluster, 3n)])
  const { clusterId } = await leader.call((client) => client.getCluster({}))

  const lead = await leader.leader()
  const memberId = BigInt(lead.address.slice(-1)) === 3n ? 2n : 3n
  const isBack = async () => {
    const { members } = await leader.call((client) => client.getCluster({}))
    return members.every(({ active, voter }) => active && voter)
  }
  const restart = async (bootEpoch: bigint, lose: string[]) => {
    await leader.members[Number(memberId) - 1]?.kill()
    for (const path of lose) {
      rmSync(join(cluster.folder, `${memberId}`, path), { recursive: true })
    }
    leader.members[Number(memberId) - 1] = await openMember(cluster, memberId, bootEpoch)
    // The leader may not have noticed yet that it was away.
    await until(() => knowsLeader(leader.members[Number(memberId) - 1]!))
    await until(isBack)
  }
  await until(isBack)
  await restart(2n, [])
  await restart(3n, ['log'])
  await restart(4n, ['.'])
  await restart(5n, [])

  // It votes: without it the two that are left would be one.
  const other = leader.members.find(
    (one) => one !== lead && one.address.slice(-1) !== `${memberId}`,
  )
  leader.members.splice(leader.members.indexOf(other!), 1)
  await other?.kill()
  await leader.call((client) => client.registerWorker({}))
  const after = await leader.call((client) => client.getCluster({}))
  assert.equal(after.clusterId, clusterId)
  assert.equal(after.workers.length, 1)
})

test('Members that are configured differently do not begin a cluster.', async (t) => {
  const cluster = createCluster(t)
  const member = await openMember(cluster, 1n)
  const asking = member.client.meetMember({ memberId: 2n, memberIds: [1n, 2n], isNew: true })
  await assert.rejects(asking, { reason: 'INVALID_ARGUMENT', field: 'members' })
})
