/** Three workers and a placement that the test plays: replication, members, leaders, losses. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { f32ToBytes, isVectronError } from '@vectron/base'
import { engine, worker } from '@vectron/contracts'
import { encodeUpsert } from '@vectron/shard'
import type { FakeReplica, FakeShard } from './testing/fake-placement.ts'
import { TestCluster, type TestWorker } from './testing/test-cluster.ts'

const SHARD = 1n
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
  return encodeUpsert(`write ${ids.join()}`, ids.map(point))
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
      const moves = ['NOT_LEADER', 'OUTCOME_UNKNOWN', 'OVERLOADED', 'CANCELLED', 'UNAVAILABLE']
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
    return { leader }
  })

test('A shard of three replicas elects, replicates, and answers from each replica.', async (t) => {
  const cluster = await TestCluster.open(t, 3)
  cluster.placement.assign(shardOf(1n, THREE))
  const { leader } = await reached(cluster, 1n)
  const { logIndex } = await write(cluster, ['a', 'b'])
  for (const each of cluster.workers) {
    assert.equal(await countOn(each, STRONG), 2n)
    assert.equal(await countOn(each, SESSION, { minAppliedIndex: logIndex }), 2n)
    assert.equal(await countOn(each, EVENTUAL), 2n)
  }

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
