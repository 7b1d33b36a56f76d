/** Three workers and a placement that the test plays: replication, members, leaders, losses. */
import assert from 'node:assert/strict'
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { f32ToBytes, isVectronError, VectronError } from '@vectron/base'
import { engine, worker } from '@vectron/contracts'
import { openShardEngine, type ShardEngine } from '@vectron/native'
import { encodeUpsert } from '@vectron/shard'
import { readIdentity } from './identity.ts'
import type { FakeReplica, FakeShard } from './testing/fake-placement.ts'
import { TestCluster, type TestWorker } from './testing/test-cluster.ts'

const SHARD = 1n
/** Offset of the first row of a vector file. */
const FIRST_ROW = 4096
const THREE: readonly FakeReplica[] = [1n, 2n, 3n].map((n) => ({ replicaId: 10n + n, workerId: n }))
const shardOf = (membership: bigint, replicas: readonly FakeReplica[]): FakeShard => ({
  shardId: SHARD,
  membership,
  replicas,
})

const header = (membership = 1n) => ({ shardId: SHARD, epoch: { membership, range: 1n } })

function upsert(...ids: readonly string[]): Uint8Array {
  const point = (id: string) => ({
    id,
    vector: f32ToBytes([1, 2]),
    payload: new Uint8Array(),
  })
  const head = { requestId: `write ${ids.join()}`, timeMs: Date.now() }
  return encodeUpsert(head, ids.map(point))
}

async function countOn(
  on: TestWorker,
  consistency: worker.ReadConsistency,
  options: { readonly membership?: bigint; readonly minAppliedIndex?: bigint } = {},
): Promise<bigint> {
  const { membership = 1n, minAppliedIndex = 0n } = options
  const value = create(engine.CountSchema)
  const read = create(engine.ReadRequestSchema, { read: { case: 'count', value } })
  const { result } = await on.client.readShard({
    shard: header(membership),
    barrier: { consistency, minAppliedIndex },
    read: toBinary(engine.ReadRequestSchema, read),
  })
  return fromBinary(engine.ReadResultSchema, result).count
}

const { STRONG, SESSION, EVENTUAL } = worker.ReadConsistency

/** Writes through whoever leads, as a gateway would: once more when the leader has moved. */
async function write(cluster: TestCluster, ids: readonly string[], membership = 1n) {
  for (;;) {
    const leader = await cluster.until('a leader', () => cluster.leaderOf(SHARD))
    try {
      const shard = header(membership)
      return await leader.client.writeShard({ shard, command: upsert(...ids) })
    } catch (error) {
      const moves = ['NOT_LEADER', 'OUTCOME_UNKNOWN', 'UNAVAILABLE', 'SHARD_UNAVAILABLE']
      if (!isVectronError(error) || !moves.includes(error.reason)) throw error
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
}

/** The leader reports that the group has reached a membership version. */
const reached = (cluster: TestCluster, version: bigint) =>
  cluster.until(`membership ${version}`, () => {
    const leader = cluster.leaderOf(SHARD)
    if (leader === undefined) return undefined
    const report = cluster.placement.reportOf(leader.workerId, SHARD)?.leadership
    const isThere = report?.membershipVersion === version && !report.joint
    return isThere && { leader, report }
  })

test('A shard of three replicas elects, replicates, and answers from each replica.', async (t) => {
  const cluster = await TestCluster.open(t, 3)
  cluster.placement.assign(shardOf(1n, THREE))
  const { leader, report } = await reached(cluster, 1n)
  assert.deepEqual(
    report.members.map(({ replicaId, learner }) => [replicaId, learner]).toSorted(),
    [
      [11n, false],
      [12n, false],
      [13n, false],
    ],
  )
  const { logIndex } = await write(cluster, ['a', 'b'])
  for (const each of cluster.workers) {
    assert.equal(await countOn(each, STRONG), 2n)
    assert.equal(await countOn(each, SESSION, { minAppliedIndex: logIndex }), 2n)
    assert.equal(await countOn(each, EVENTUAL), 2n)
  }

  const digests = await Promise.all(
    cluster.workers.map(({ client }) =>
      client.getShardDigest({ shard: header(), minAppliedIndex: logIndex }),
    ),
  )
  const [first] = digests
  for (const digest of digests) assert.deepEqual(digest, first)
  assert.equal(first?.pointsCount, 2n)

  const follower = cluster.workers.find((each) => each !== leader)
  const writes = [
    { shard: header(), command: upsert('c') },
    { shard: { shardId: 99n, epoch: { membership: 1n, range: 1n } }, command: upsert('d') },
    { shard: header(0n), command: upsert('e') },
  ]
  const refused = await follower?.client.writeShards({ writes })
  const failures = refused?.answers.map(({ answer }) => answer.case === 'failure' && answer.value)
  assert.deepEqual(
    failures?.map((failure) => failure && [failure.reason, failure.leaderWorkerId]),
    [
      ['NOT_LEADER', leader.workerId],
      ['SHARD_NOT_FOUND', 0n],
      ['STALE_EPOCH', 0n],
    ],
  )
  const accepted = await leader.client.writeShards({ writes: writes.slice(0, 1) })
  assert.deepEqual(
    accepted.answers.map(({ answer }) => answer.case === 'written' && answer.value.affected),
    [1n],
  )
})

test('Placement moves leadership by a command, and a worker that closes gives its own away.', async (t) => {
  const cluster = await TestCluster.open(t, 3)
  cluster.placement.assign(shardOf(1n, THREE))
  const { leader } = await reached(cluster, 1n)
  await write(cluster, ['a'])
  const target = THREE.find(({ workerId }) => workerId !== leader.workerId)
  assert.ok(target !== undefined)
  cluster.placement.command(leader.workerId, SHARD, target.replicaId)
  await cluster.until('the new leader', () => cluster.leaderOf(SHARD)?.workerId === target.workerId)

  await cluster.worker(target.workerId).close()
  // Nobody has to find out first that the leader is gone.
  assert.ok(cluster.workers.some((each) => each.leads(SHARD)))
})

test('A leader whose replica is to go gives way, has it removed, and it is destroyed.', async (t) => {
  const cluster = await TestCluster.open(t, 3)
  cluster.placement.assign(shardOf(1n, THREE))
  const { leader } = await reached(cluster, 1n)
  await write(cluster, ['a', 'b', 'c'])
  const going = THREE.find(({ workerId }) => workerId === leader.workerId)
  assert.ok(going !== undefined)
  const staying = THREE.filter((each) => each !== going)
  cluster.placement.assign(shardOf(2n, [...staying, { ...going, leaving: true }]))
  const moved = await reached(cluster, 2n)
  assert.notEqual(moved.leader, leader)
  assert.ok(moved.report.members.every(({ replicaId }) => replicaId !== going.replicaId))
  const late = moved.leader.client.writeShard({ shard: header(1n), command: upsert('old') })
  await assert.rejects(late, { reason: 'STALE_EPOCH' })
  await write(cluster, ['d'], 2n)

  cluster.placement.assign(shardOf(2n, staying))
  await cluster.until('the replica is gone', () => {
    const report = cluster.placement.reports.get(going.workerId)
    return report !== undefined && report.replicas.length === 0
  })
  await assert.rejects(leader.client.writeShard({ shard: header(2n), command: upsert('e') }), {
    reason: 'SHARD_NOT_FOUND',
  })
})

test('A replica that is added learns all that was written, then votes.', async (t) => {
  const cluster = await TestCluster.open(t, 4)
  cluster.placement.assign(shardOf(1n, THREE))
  await reached(cluster, 1n)
  await write(cluster, ['a', 'b', 'c'])
  const fourth = { replicaId: 20n, workerId: 4n }
  cluster.placement.assign(shardOf(2n, [...THREE, { ...fourth, learner: true }]))
  const joined = await reached(cluster, 2n)
  assert.ok(joined.report.members.find(({ replicaId }) => replicaId === 20n)?.learner)
  await cluster.until('it is open', () => cluster.placement.reportOf(4n, SHARD) !== undefined)
  assert.equal(await countOn(cluster.worker(4n), STRONG, { membership: 2n }), 3n)

  cluster.placement.assign(shardOf(3n, [...THREE, fourth]))
  const promoted = await reached(cluster, 3n)
  assert.equal(promoted.report.members.find(({ replicaId }) => replicaId === 20n)?.learner, false)
  for (const { workerId } of THREE.slice(0, 1)) await cluster.worker(workerId).close()
  await write(cluster, ['d'], 3n)
  assert.equal(await countOn(cluster.worker(4n), STRONG, { membership: 3n }), 4n)
})

test('Learners from the beginning answer every read, and no write waits for them.', async (t) => {
  const cluster = await TestCluster.open(t, 3)
  const [voter, ...rest] = THREE
  assert.ok(voter !== undefined)
  const replicas = [voter, ...rest.map((each) => ({ ...each, learner: true }))]
  cluster.placement.assign(shardOf(1n, replicas))
  const { leader, report } = await reached(cluster, 1n)
  assert.equal(leader.workerId, voter.workerId)
  assert.equal(report.members.filter(({ learner }) => learner).length, 2)
  for (const { workerId } of rest) {
    await cluster.until('it is open', () => cluster.placement.reportOf(workerId, SHARD))
  }
  const { logIndex } = await write(cluster, ['a', 'b'])
  for (const each of cluster.workers) {
    // A learner asks the leader for the index that a strong read needs.
    assert.equal(await countOn(each, STRONG), 2n)
    assert.equal(await countOn(each, SESSION, { minAppliedIndex: logIndex }), 2n)
    assert.equal(await countOn(each, EVENTUAL), 2n)
  }
  const [searched] = rest
  const learner = cluster.worker(searched!.workerId)
  await assert.rejects(learner.client.writeShard({ shard: header(), command: upsert('x') }), {
    reason: 'NOT_LEADER',
  })

  await learner.close()
  await cluster.worker(rest[1]!.workerId).close()
  await write(cluster, ['c'])
  cluster.placement.reports.clear()
  const back = await cluster.add(learner.folder)
  await cluster.until('it is open', () => cluster.placement.reportOf(back.workerId, SHARD))
  assert.equal(await countOn(back, STRONG), 3n)

  // Nobody but the voter could lead, so it does at once, whether learners are there or not.
  await leader.close()
  cluster.placement.reports.clear()
  await cluster.add(leader.folder)
  await write(cluster, ['d'])
  assert.equal(await countOn(back, STRONG), 4n)
})

test('A leader that cannot be copied reports its damage; once another leads, a replica is made.', async (t) => {
  const cluster = await TestCluster.open(t, 4)
  cluster.placement.assign(shardOf(1n, THREE))
  const { leader } = await reached(cluster, 1n)
  await write(cluster, ['a', 'b', 'c'])
  const vectors = await open(join(leader.folder, 'shards', '1', 'vectors.f32'), 'r+')
  await vectors.write(Buffer.from('damage'), 0, 6, FIRST_ROW)
  await vectors.close()

  const fourth = { replicaId: 20n, workerId: 4n, learner: true }
  cluster.placement.assign(shardOf(2n, [...THREE, fourth]))
  const report = await cluster.until('the damage is reported', () => {
    const told = cluster.placement.reportOf(leader.workerId, SHARD)
    return told?.failure === undefined ? undefined : told
  })
  assert.equal(report.failure?.reason, 'DATA_CORRUPT')
  assert.match(report.failure?.message ?? '', /vectors\.f32/)
  // It goes on, so that nothing waits for its successor.
  assert.equal(report.leader, true)
  await write(cluster, ['d'], 2n)

  const heir = THREE.find(({ workerId }) => workerId !== leader.workerId)
  assert.ok(heir !== undefined)
  cluster.placement.command(leader.workerId, SHARD, heir.replicaId)
  await cluster.until('it is made', () => {
    const made = cluster.placement.reportOf(4n, SHARD)
    return made !== undefined && made.appliedIndex > 0n
  })
  assert.equal(await countOn(cluster.worker(4n), STRONG, { membership: 2n }), 4n)
})

test('A replica whose log is gone is lost: another takes its place on the same worker.', async (t) => {
  const cluster = await TestCluster.open(t, 3)
  cluster.placement.assign(shardOf(1n, THREE))
  await reached(cluster, 1n)
  await write(cluster, ['a', 'b'])
  const victim = cluster.worker(1n)
  await victim.close()
  await rm(join(victim.folder, 'log'), { recursive: true })
  await cluster.add(victim.folder)
  await cluster.until('the loss is reported', () => {
    const report = cluster.placement.reportOf(1n, SHARD)
    return report?.failure?.reason === 'REPLICA_LOST' && report.replicaId === 11n
  })

  const [lost, ...rest] = THREE
  const fresh = { replicaId: 30n, workerId: 1n }
  assert.ok(lost !== undefined)
  cluster.placement.assign(shardOf(2n, [...rest, { ...fresh, learner: true }]))
  await reached(cluster, 2n)
  await cluster.until('it is open', () => {
    const report = cluster.placement.reportOf(1n, SHARD)
    return report?.replicaId === 30n && report.failure === undefined
  })
  cluster.placement.assign(shardOf(3n, [...rest, fresh]))
  await reached(cluster, 3n)
  assert.equal(await countOn(cluster.worker(1n), STRONG, { membership: 3n }), 2n)
})

test('A replica takes the place of another on its worker, which is destroyed first.', async (t) => {
  const cluster = await TestCluster.open(t, 3)
  cluster.placement.assign(shardOf(1n, THREE))
  const { leader } = await reached(cluster, 1n)
  await write(cluster, ['a', 'b'])
  const old = THREE.find(({ workerId }) => workerId !== leader.workerId)
  assert.ok(old !== undefined)
  const { workerId } = old
  const rest = THREE.filter((each) => each !== old)
  cluster.placement.assign(shardOf(2n, [...rest, { replicaId: 40n, workerId, learner: true }]))
  await reached(cluster, 2n)
  await cluster.until('the new one is open', () => {
    const report = cluster.placement.reportOf(workerId, SHARD)
    return report?.replicaId === 40n && report.failure === undefined
  })
  assert.equal(await countOn(cluster.worker(workerId), STRONG, { membership: 2n }), 2n)
  const record = await readIdentity(cluster.worker(workerId).folder)
  assert.deepEqual(
    record?.replicas.map(({ replicaId, state }) => [replicaId, state]),
    [
      [old.replicaId, 'gone'],
      [40n, 'created'],
    ],
  )
})

test('A replica that fails is reported, and opened again with what it had.', async (t) => {
  const cluster = await TestCluster.open(t, 3)
  let fails = 0
  cluster.openEngine = async (options) => {
    const opened = await openShardEngine(options)
    const apply: ShardEngine['apply'] = async (entries) => {
      if (fails-- > 0) throw new VectronError('INTERNAL', 'the engine stumbles')
      return opened.apply(entries)
    }
    return new Proxy(opened, {
      get(target, name) {
        if (name === 'apply') return apply
        const value = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }
  cluster.placement.assign(shardOf(1n, THREE))
  await reached(cluster, 1n)
  await write(cluster, ['a'])
  fails = 1
  await write(cluster, ['b'])
  const broken = await cluster.until('a failure is reported', () =>
    cluster.workers.find(({ workerId }) => {
      const failure = cluster.placement.reportOf(workerId, SHARD)?.failure
      return failure?.message.includes('the engine stumbles')
    }),
  )
  await cluster.until('it is open again', () => {
    const report = cluster.placement.reportOf(broken.workerId, SHARD)
    return report !== undefined && report.failure === undefined
  })
  assert.equal(await countOn(broken, STRONG), 2n)
})

test('A shard that is dropped leaves nothing on any worker.', async (t) => {
  const cluster = await TestCluster.open(t, 3)
  cluster.placement.assign(shardOf(1n, THREE))
  await reached(cluster, 1n)
  cluster.placement.drop(SHARD)
  for (const { workerId } of cluster.workers) {
    await cluster.until('nothing is reported', () => {
      const report = cluster.placement.reports.get(workerId)
      return report !== undefined && report.knownVersion > 2n && report.replicas.length === 0
    })
  }
})
