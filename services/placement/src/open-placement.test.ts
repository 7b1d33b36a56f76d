import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { MessageInitShape } from '@bufbuild/protobuf'
import { seededRandom, systemClock } from '@vectron/base'
import { placement } from '@vectron/contracts'
import { createRaftCore, openRaftLog } from '@vectron/native'
import { InProcessNetwork, ReplicaHost } from '@vectron/raft'
import { type Client, createInProcessClient } from '@vectron/rpc'
import { openPlacement, type PlacementOptions } from './open-placement.ts'

type ReplicaReportInit = MessageInitShape<typeof placement.ReplicaReportSchema>

interface Placement {
  readonly client: Client<typeof placement.Placement>
  readonly clusterId: string
  close(): Promise<void>
}

/** Placement over a real log in a folder of its own. */
async function open(
  folder: string,
  whenEmpty: PlacementOptions['whenEmpty'] = { kind: 'bootstrap' },
  settings: PlacementOptions['settings'] = {},
): Promise<Placement> {
  const log = await openRaftLog(join(folder, 'log'))
  const core = createRaftCore({
    seed: 1n,
    electionTicks: 10,
    heartbeatTicks: 1,
    messageBytesMax: 1 << 18,
    inflightMessagesMax: 64,
    uncommittedBytesMax: 1 << 24,
    committedBytesPerPollMax: 1 << 22,
  })
  const host = ReplicaHost.open({
    core,
    log,
    clock: systemClock,
    transport: new InProcessNetwork().connect({ clusterId: '', nodeId: 1n, bootEpoch: 1n }),
    onFatal: (error) => assert.fail(`${error}`),
  })
  const closeHost = async () => {
    await host.close()
    await log.close()
  }
  const random = seededRandom(BigInt(Date.now()))
  const options = { folder, host, clock: systemClock, random, whenEmpty, settings }
  const running = await openPlacement(options).catch(async (error) => {
    await closeHost()
    throw error
  })
  return {
    client: createInProcessClient(placement.Placement, running.service),
    clusterId: running.clusterId,
    async close() {
      await running.close()
      await closeHost()
    },
  }
}

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'vectron-placement-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

/** A worker that reports every assigned shard as led by it, and every new schema as reached. */
class ObedientWorker {
  readonly assigned: placement.Assignment[][] = []
  readonly #client: Client<typeof placement.Placement>
  readonly #fails: boolean
  #version = 0n
  #reports: ReplicaReportInit[] = []
  readonly workerId: bigint

  constructor(client: Client<typeof placement.Placement>, workerId: bigint, fails = false) {
    this.#client = client
    this.workerId = workerId
    this.#fails = fails
  }

  async beat(waitMs: number): Promise<void> {
    const answer = await this.#client.heartbeat({
      workerId: this.workerId,
      replicas: this.#reports,
      knownVersion: this.#version,
      waitMs,
    })
    if (answer.version === this.#version) return
    this.#version = answer.version
    this.assigned.push(answer.assignments)
    this.#reports = answer.assignments.map(({ shardId, replicaId, schemaVersion }) =>
      this.#fails
        ? { shardId, failure: { reason: 'DATA_CORRUPT', message: 'store.redb is damaged' } }
        : { shardId, replicaId, schemaVersion, leader: true, term: 1n },
    )
  }

  /** Beats until the work is done. */
  async whileDoing<T>(work: Promise<T>): Promise<T> {
    let done = false
    const settled = work.finally(() => {
      done = true
    })
    settled.catch(() => {})
    while (!done) await this.beat(20)
    return settled
  }
}

async function registered(client: Client<typeof placement.Placement>): Promise<bigint> {
  return (await client.registerWorker({ address: 'a' })).workerId
}

test('A collection is answered when its shards serve, and is there after a restart.', async (t) => {
  const folder = temporaryFolder(t)
  const first = await open(folder)
  const worker = new ObedientWorker(first.client, await registered(first.client))
  await worker.beat(0)
  const created = await worker.whileDoing(
    first.client.createCollection({ collection: { name: 'c', dimension: 3, shardCount: 3 } }),
  )
  assert.equal(created.shards.length, 3)
  assert.ok(created.shards.every(({ leaderWorkerId }) => leaderWorkerId === worker.workerId))
  assert.equal(worker.assigned.at(-1)?.length, 3)
  const updated = await worker.whileDoing(
    first.client.updateCollection({ name: 'c', payloadSchema: { a: 1 } }),
  )
  assert.deepEqual(updated.collection?.payloadSchema, { a: 1 })
  await first.close()

  const second = await open(folder)
  assert.equal(second.clusterId, first.clusterId)
  const { table } = await second.client.getRouting({})
  assert.equal(table?.collections.length, 1)
  assert.equal(table?.collections[0]?.shards[0]?.leaderWorkerId, 0n)
  const again = new ObedientWorker(second.client, worker.workerId)
  await again.beat(0)
  await again.beat(0)
  const heard = await second.client.getRouting({ knownVersion: table?.version ?? 0n })
  assert.equal(heard.table?.collections[0]?.shards[0]?.leaderWorkerId, worker.workerId)
  const { table: nothing } = await second.client.getRouting({
    knownVersion: heard.table?.version ?? 0n,
  })
  assert.equal(nothing, undefined)
  await second.close()
})

test('A heartbeat that waits is answered when an assignment is made.', async (t) => {
  const { client, close } = await open(temporaryFolder(t))
  t.after(close)
  const worker = new ObedientWorker(client, await registered(client))
  await worker.beat(0)
  const waiting = worker.beat(10_000)
  const creating = client.createCollection({ collection: { name: 'c', dimension: 3 } })
  await waiting
  assert.equal(worker.assigned.at(-1)?.[0]?.collection?.name, 'c')
  await worker.beat(0)
  await creating
})

test('Routing that waits is answered when a collection is made, and when it gets a leader.', async (t) => {
  const { client, close } = await open(temporaryFolder(t))
  t.after(close)
  const worker = new ObedientWorker(client, await registered(client))
  await worker.beat(0)
  const first = await client.getRouting({ waitMs: 10_000 })
  const knownVersion = first.table?.version ?? 0n
  const idle = await client.getRouting({ knownVersion, waitMs: 1 })
  assert.equal(idle.table, undefined)
  const waiting = client.getRouting({ knownVersion, waitMs: 10_000 })
  const creating = client.createCollection({ collection: { name: 'c', dimension: 3 } })
  const { table } = await waiting
  assert.equal(table?.collections[0]?.collection?.name, 'c')
  const next = client.getRouting({ knownVersion: table?.version ?? 0n, waitMs: 10_000 })
  await worker.whileDoing(creating)
  const led = await next
  assert.equal(led.table?.collections[0]?.shards[0]?.leaderWorkerId, worker.workerId)
})

test('A collection whose shards fail is refused with the reason and not left behind.', async (t) => {
  const { client, close } = await open(temporaryFolder(t))
  t.after(close)
  const worker = new ObedientWorker(client, await registered(client), true)
  await worker.beat(0)
  const creating = client.createCollection({ collection: { name: 'c', dimension: 3 } })
  await assert.rejects(worker.whileDoing(creating), {
    reason: 'DATA_CORRUPT',
    message: 'store.redb is damaged',
  })
  assert.equal((await client.getRouting({})).table?.collections.length, 0)
})

test('Without a live worker there is no place for a collection.', async (t) => {
  const settings = { silentMs: 20, tickMs: 5 }
  const { client, close } = await open(temporaryFolder(t), { kind: 'bootstrap' }, settings)
  t.after(close)
  await registered(client)
  const creating = client.createCollection({ collection: { name: 'c', dimension: 3 } })
  await assert.rejects(creating, { reason: 'UNAVAILABLE' })
})

test('A leader that has heard of no worker yet waits for them before it makes a collection.', async (t) => {
  const folder = temporaryFolder(t)
  const first = await open(folder)
  const ids = [await registered(first.client), await registered(first.client)]
  await first.close()
  const { client, close } = await open(folder)
  t.after(close)
  const [one, two] = ids.map((id) => new ObedientWorker(client, id))
  assert.ok(one && two)
  await one.beat(0)
  const creating = client.createCollection({
    collection: { name: 'c', dimension: 3, shardCount: 1 },
  })
  await two.beat(0)
  await one.beat(1000)
  await one.beat(0)
  const { collection, shards } = await creating
  assert.deepEqual([collection?.replicationFactor, shards[0]?.replicas.length], [2, 2])
})

test('Strangers are refused: another cluster, an unknown worker.', async (t) => {
  const { client, clusterId, close } = await open(temporaryFolder(t))
  t.after(close)
  const stranger = { reason: 'WRONG_CLUSTER' }
  await assert.rejects(client.registerWorker({ clusterId: 'other', workerId: 1n }), stranger)
  await assert.rejects(client.registerWorker({ clusterId, workerId: 7n, address: 'a' }), stranger)
  await assert.rejects(client.heartbeat({ workerId: 7n }), stranger)
})

test('An empty folder begins a cluster only when that is allowed.', async (t) => {
  const folder = temporaryFolder(t)
  const refused = open(folder, { kind: 'refuse', why: 'old data lies around' })
  await assert.rejects(refused, { reason: 'WRONG_CLUSTER', message: /old data lies around/ })
})
