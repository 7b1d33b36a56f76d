/** Three replicas of a shard, real engines and logs: one that was away rejoins by a snapshot. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import {
  type Disk,
  deadlineAfter,
  groupOfShard,
  type Random,
  replicaId,
  seededRandom,
  shardId,
  sleep,
  systemClock,
  systemDisk,
} from '@vectron/base'
import { engine, vectron, worker } from '@vectron/contracts'
import { createRaftCore, openRaftLog, openShardEngine } from '@vectron/native'
import { HOST_LIMITS, InProcessNetwork, ReplicaHost } from '@vectron/raft'
import { EngineHolder } from './engine-holder.ts'
import { Shard } from './shard.ts'
import { ShardFolder } from './shard-folder.ts'
import { encodeUpsert, type PointRecord } from './write-command.ts'

const SHARD = shardId(7n)
const NODES = [1n, 2n, 3n]
const MEMBERS = NODES.map((node) => ({ replica: replicaId(node), learner: false }))
const EPOCH = { membership: 1n, range: 1n }
const DIMENSION = 32
const BATCH = 250
/** Ten times as fast as in production, and a log that soon forgets. */
const LIMITS = {
  ...HOST_LIMITS,
  tickMs: 10,
  checkpointLogBytes: 50_000,
  compactLogBytes: 10_000,
  followerLogBytes: 10_000,
  spareLogBytes: 10_000,
}

const CONFIG = toBinary(
  engine.ShardConfigSchema,
  create(engine.ShardConfigSchema, {
    shardId: SHARD,
    dimension: DIMENSION,
    metric: vectron.Metric.COSINE,
  }),
)

interface Node {
  readonly host: ReplicaHost
  readonly holder: EngineHolder
  readonly shard: Shard
  close(): Promise<void>
}

class Cluster {
  readonly network = new InProcessNetwork()
  readonly nodes = new Map<bigint, Node>()
  readonly #folder: string
  #lives = 0n

  static async open(context: TestContext): Promise<Cluster> {
    const cluster = new Cluster(await mkdtemp(join(tmpdir(), 'vectron-replicas-')))
    context.after(() => cluster.#close())
    for (const node of NODES) await cluster.start(node)
    return cluster
  }

  private constructor(folder: string) {
    this.#folder = folder
  }

  async start(nodeId: bigint, disk: Disk = systemDisk): Promise<Node> {
    const folder = join(this.#folder, nodeId.toString())
    const log = await openRaftLog(join(folder, 'log'))
    const host = ReplicaHost.open({
      core: createRaftCore({
        seed: nodeId,
        electionTicks: 15,
        heartbeatTicks: 2,
        messageBytesMax: 1 << 18,
        inflightMessagesMax: 64,
        uncommittedBytesMax: 1 << 26,
        committedBytesPerPollMax: 1 << 22,
      }),
      log,
      clock: systemClock,
      transport: this.network.connect({ clusterId: 'test', nodeId, bootEpoch: ++this.#lives }),
      limits: LIMITS,
      onFatal: (error) => assert.fail(`the log failed: ${error}`),
    })
    const holder = await EngineHolder.open({
      folder: new ShardFolder({ shardsFolder: folder, shardId: SHARD, disk }),
      openEngine: (path) => openShardEngine({ folder: path, config: CONFIG }),
    })
    const shard = await Shard.open({
      shardId: SHARD,
      replicaId: replicaId(nodeId),
      members: MEMBERS,
      range: EPOCH.range,
      holder,
      host,
      clock: systemClock,
    })
    const close = async () => {
      this.nodes.delete(nodeId)
      await shard.close()
      await host.close()
      await log.close()
    }
    const node = { host, holder, shard, close }
    this.nodes.set(nodeId, node)
    return node
  }

  /** Writes through whoever leads. */
  async write(points: readonly PointRecord[]): Promise<void> {
    const command = encodeUpsert({ requestId: '', timeMs: Date.now() }, points)
    const leader = await this.leader()
    await leader.shard.write(EPOCH, command, deadlineAfter(systemClock, 10_000))
  }

  async leader(): Promise<Node> {
    return waitFor(() => [...this.nodes.values()].find(leads))
  }

  async #close(): Promise<void> {
    for (const node of this.nodes.values()) await node.close()
    await rm(this.#folder, { recursive: true })
  }
}

function leads({ shard }: Node): boolean {
  return shard.status?.role === 'leader' && shard.isCaughtUp
}

async function waitFor<T>(look: () => T | undefined | false): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    const found = look()
    if (found !== undefined && found !== false) return found
    assert.ok(tries < 3000, 'it comes within half a minute')
    await sleep(systemClock, 10)
  }
}

function randomPoints(random: Random, from: number): PointRecord[] {
  const vector = () => Float32Array.from({ length: DIMENSION }, () => random.nextFloat() - 0.5)
  return Array.from({ length: BATCH }, (_, number) => ({
    id: `point-${from + number}`,
    vector: new Uint8Array(vector().buffer),
    payload: new Uint8Array(Buffer.from(`{"n":${from + number}}`)),
  }))
}

function statsOf({ holder }: Node) {
  const { stats } = fromBinary(worker.ShardReportSchema, holder.report())
  assert.ok(stats)
  return stats
}

interface Absence {
  /** The node that was stopped. */
  readonly awayId: bigint
  /** What it had applied; the log of the others begins behind it. */
  readonly missed: bigint
  readonly leader: Node
}

/** Stops a follower, and writes until the log has forgotten what it lacks. */
async function stopFollower(cluster: Cluster, random: Random): Promise<Absence> {
  await cluster.write(randomPoints(random, 0))
  const away = [...cluster.nodes].find(([, node]) => node.shard.status?.role === 'follower')
  assert.ok(away)
  const [awayId, awayNode] = away
  await waitFor(() => awayNode.holder.appliedIndex >= 3n)
  const missed = awayNode.holder.appliedIndex
  await awayNode.close()
  for (let from = BATCH; from < 8 * BATCH; from += BATCH) {
    await cluster.write(randomPoints(random, from))
  }
  const leader = await cluster.leader()
  await leader.holder.engine.indexed()
  await waitFor(() => (leader.shard.status?.firstIndex ?? 0n) > missed + 1n)
  return { awayId, missed, leader }
}

async function checkSameDigests(cluster: Cluster): Promise<void> {
  const nodes = [...cluster.nodes.values()]
  const digests = await Promise.all(nodes.map(({ holder }) => holder.engine.digest()))
  for (const digest of digests) assert.deepEqual(digest, digests[0])
}

/** The machine's files, but the first rename to such a name fails. */
function failingRename(suffix: string): Disk {
  let isPlanted = true
  return {
    ...systemDisk,
    async rename(from, to) {
      if (isPlanted && to.endsWith(suffix)) {
        isPlanted = false
        throw new Error('the disk failed')
      }
      await systemDisk.rename(from, to)
    },
  }
}

test('A replica whose log is too far behind takes the shard as files, with its graph.', async (context) => {
  const cluster = await Cluster.open(context)
  const random = seededRandom(11n)
  const { awayId, missed, leader } = await stopFollower(cluster, random)
  const back = await cluster.start(awayId)
  assert.equal(back.holder.appliedIndex, missed)
  await waitFor(() => back.holder.appliedIndex >= leader.holder.appliedIndex)
  const { pointsCount, indexedCount } = statsOf(back)
  assert.deepEqual([pointsCount, indexedCount], [BigInt(8 * BATCH), BigInt(8 * BATCH)])
  await checkSameDigests(cluster)

  // It is a member like the others: its word counts when the third is away.
  const third = [...cluster.nodes.values()].find((node) => node !== leader && node !== back)
  await third?.close()
  await cluster.write(randomPoints(random, 8 * BATCH))
  await waitFor(() => statsOf(back).pointsCount === BigInt(9 * BATCH))
  assert.ok(back.host.status(groupOfShard(SHARD)))
})

test('A replica that fails before or within the switch is whole when it is opened again.', async (context) => {
  for (const suffix of ['7.removed', '/7']) {
    const cluster = await Cluster.open(context)
    const random = seededRandom(12n)
    const { awayId, leader } = await stopFollower(cluster, random)
    const failed = await cluster.start(awayId, failingRename(suffix))
    await waitFor(() => failed.shard.failure)
    await assert.rejects(failed.holder.takeSnapshot(), { reason: 'SHARD_UNAVAILABLE' })
    await failed.close()
    const back = await cluster.start(awayId)
    assert.ok(back.holder.appliedIndex > 3n, 'the snapshot is installed as soon as it is opened')
    await waitFor(() => back.holder.appliedIndex >= leader.holder.appliedIndex)
    await checkSameDigests(cluster)
  }
})
