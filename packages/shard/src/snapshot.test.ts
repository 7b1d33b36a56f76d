/** Snapshots between real engines: points, and the graph that is built already. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { logIndex, type Random, seededRandom, shardId, systemDisk } from '@vectron/base'
import { engine, vectron, worker } from '@vectron/contracts'
import { openShardEngine } from '@vectron/native'
import { EngineHolder } from './engine-holder.ts'
import { ShardFolder } from './shard-folder.ts'
import { encodeUpsert, type PointRecord } from './write-command.ts'

const DIMENSION = 32
const POINTS = 3000
const BATCH = 500
const PART_BYTES = 100_000
const HEAD = { requestId: '', timeMs: 1 }

const CONFIG = toBinary(
  engine.ShardConfigSchema,
  create(engine.ShardConfigSchema, {
    shardId: 7n,
    dimension: DIMENSION,
    metric: vectron.Metric.L2,
  }),
)

async function openHolder(context: TestContext): Promise<EngineHolder> {
  const shardsFolder = await mkdtemp(join(tmpdir(), 'vectron-shard-'))
  const folder = new ShardFolder({ shardsFolder, shardId: shardId(7n), disk: systemDisk })
  const holder = await EngineHolder.open({
    folder,
    openEngine: (path) => openShardEngine({ folder: path, config: CONFIG }),
  })
  context.after(async () => {
    await holder.close()
    await rm(shardsFolder, { recursive: true })
  })
  return holder
}

function points(random: Random, from: number): PointRecord[] {
  const vector = () => Float32Array.from({ length: DIMENSION }, () => random.nextFloat())
  return Array.from({ length: BATCH }, (_, number) => ({
    id: `point-${from + number}`,
    vector: new Uint8Array(vector().buffer),
    payload: new Uint8Array(Buffer.from(`{"n":${from + number}}`)),
  }))
}

async function fill(holder: EngineHolder): Promise<void> {
  const random = seededRandom(5n)
  for (let from = 0; from < POINTS; from += BATCH) {
    const index = holder.appliedIndex + 1n
    await holder.engine.apply([{ index, command: encodeUpsert(HEAD, points(random, from)) }])
  }
}

function statsOf(holder: EngineHolder) {
  const { stats } = fromBinary(worker.ShardReportSchema, holder.report())
  assert.ok(stats)
  return stats
}

test('An installed snapshot answers as its sender, and its graph is built already.', async (context) => {
  const sender = await openHolder(context)
  const receiver = await openHolder(context)
  await fill(sender)
  await sender.engine.indexed()
  const digest = await sender.engine.digest()

  const snapshot = await sender.takeSnapshot()
  const incoming = await receiver.receiveSnapshot({
    index: snapshot.appliedIndex,
    files: snapshot.files,
  })
  for (const { name, bytes } of snapshot.files) {
    for (let offset = 0; offset < bytes; offset += PART_BYTES) {
      await incoming.write(name, await snapshot.read(name, offset, PART_BYTES))
    }
  }
  await incoming.finish()
  const old = receiver.engine
  await receiver.installSnapshot(snapshot.appliedIndex)
  await snapshot.release()

  const { pointsCount, indexedCount } = statsOf(receiver)
  assert.deepEqual([pointsCount, indexedCount], [BigInt(POINTS), BigInt(POINTS)])
  assert.deepEqual(await receiver.engine.digest(), digest)
  await assert.rejects(old.digest(), { reason: 'SHARD_UNAVAILABLE' })

  // It goes on where the snapshot ends.
  const index = logIndex(snapshot.appliedIndex + 1n)
  const command = encodeUpsert(HEAD, points(seededRandom(6n), POINTS))
  for (const holder of [sender, receiver]) await holder.engine.apply([{ index, command }])
  assert.deepEqual(await receiver.engine.digest(), await sender.engine.digest())
})

test('A file of a snapshot is not read under a name that it does not have.', async (context) => {
  const snapshot = await (await openHolder(context)).takeSnapshot()
  await assert.rejects(snapshot.read('../store.redb', 0, 10), { reason: 'INVALID_ARGUMENT' })
})
