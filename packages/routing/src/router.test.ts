import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import {
  deadlineAfter,
  isVectronError,
  seededRandom,
  systemClock,
  VectronError,
} from '@vectron/base'
import { placement, worker } from '@vectron/contracts'
import type { WorkerDoor } from './doors.ts'
import { readShard, searchShards } from './fan-out.ts'
import { writeEverywhere, writeItems } from './routed-write.ts'
import { Router } from './router.ts'
import { shardOfId } from './routing-table.ts'

const HALF = 1n << 63n

/** Placement and one worker that hold two shards and refuse whatever names an old epoch. */
class Cluster {
  /** What placement knows, and with `workerEpoch` what the worker knows. */
  routedEpoch = 1n
  workerEpoch = 1n
  hasLeader = true
  fetches = 0
  /** Errors that the next writes and searches of a shard fail with. */
  readonly failures = new Map<bigint, VectronError[]>()
  readonly written: { shardId: bigint; command: string }[] = []
  searches = 0

  router(): Router {
    return new Router({
      placement: { getRouting: async ({ knownVersion }) => this.#routing(knownVersion ?? 0n) },
      connectWorker: () => this.#worker,
      clock: systemClock,
      random: seededRandom(1n),
    })
  }

  #routing(knownVersion: bigint) {
    this.fetches++
    const version = this.routedEpoch * 2n + (this.hasLeader ? 1n : 0n)
    if (knownVersion === version) return create(placement.GetRoutingResponseSchema)
    const shard = (shardId: bigint, rangeStart: bigint, rangeEnd: bigint) => ({
      shardId,
      rangeStart,
      rangeEnd,
      epoch: { membership: this.routedEpoch, range: 1n },
      replicas: [{ replicaId: shardId, workerId: 1n }],
      leaderWorkerId: this.hasLeader ? 1n : 0n,
    })
    return create(placement.GetRoutingResponseSchema, {
      table: {
        version,
        clusterId: 'c',
        collections: [
          { collection: { name: 'words' }, shards: [shard(1n, 0n, HALF), shard(2n, HALF, 0n)] },
        ],
        workers: [{ workerId: 1n, address: 'w1' }],
      },
    })
  }

  readonly #worker: WorkerDoor = {
    writeShards: async ({ writes }) => {
      const answers = (writes ?? []).map(({ shard, command }) => {
        const shardId = shard?.shardId ?? 0n
        try {
          this.#admit(shardId, shard?.epoch?.membership)
          this.written.push({ shardId, command: Buffer.from(command ?? []).toString() })
          const value = { logIndex: BigInt(this.written.length), affected: 1n }
          return { shardId, answer: { case: 'written' as const, value } }
        } catch (error) {
          return { shardId, answer: { case: 'failure' as const, value: toFailure(error) } }
        }
      })
      return create(worker.WriteShardsResponseSchema, { answers })
    },
    searchShards: async ({ shards }) => {
      this.searches++
      const answers = (shards ?? []).map(({ shard }) => {
        const shardId = shard?.shardId ?? 0n
        try {
          this.#admit(shardId, shard?.epoch?.membership)
          return { shardId, answer: { case: 'result' as const, value: Uint8Array.of(1) } }
        } catch (error) {
          return { shardId, answer: { case: 'failure' as const, value: toFailure(error) } }
        }
      })
      return create(worker.SearchShardsResponseSchema, { answers })
    },
    readShard: async ({ shard }) => {
      this.#admit(shard?.shardId ?? 0n, shard?.epoch?.membership)
      return create(worker.ReadShardResponseSchema, { result: Uint8Array.of(9) })
    },
    getShardStats: async () => create(worker.GetShardStatsResponseSchema),
  }

  #admit(shardId: bigint, membership: bigint | undefined): void {
    if (membership !== this.workerEpoch) {
      // Placement hears of it at last.
      this.routedEpoch = this.workerEpoch
      throw new VectronError('STALE_EPOCH', 'old')
    }
    if (!this.hasLeader) throw new VectronError('NOT_LEADER', 'an election is on')
    const failure = this.failures.get(shardId)?.shift()
    if (failure !== undefined) throw failure
  }
}

function toFailure(error: unknown): worker.ShardFailure {
  assert.ok(isVectronError(error))
  const { reason, message } = error
  return create(worker.ShardFailureSchema, { reason, message })
}

const soon = () => deadlineAfter(systemClock, 2000)

function writeIds(router: Router, ids: readonly string[]) {
  return writeItems(router, {
    collection: 'words',
    items: ids,
    shardOf: shardOfId,
    encode: (items, shard) => Buffer.from(`${shard}:${items.join()}`),
    deadline: soon(),
  })
}

test('A write goes to the shards that own its items, one request each.', async () => {
  const cluster = new Cluster()
  const outcome = await writeIds(cluster.router(), ['abc', 'a', 'abc'])
  assert.deepEqual(
    cluster.written.map(({ command }) => command),
    ['1:abc,abc', '2:a'],
  )
  assert.equal(outcome.affected, 2n)
  assert.deepEqual(
    [...outcome.positions],
    [
      [1n, 1n],
      [2n, 2n],
    ],
  )
})

test('An old epoch is refused by the worker, and the write goes out again by newer routing.', async () => {
  const cluster = new Cluster()
  const router = cluster.router()
  await writeIds(router, ['abc'])
  cluster.workerEpoch = 2n
  await writeIds(router, ['abc'])
  assert.equal(cluster.written.length, 2)
  assert.equal(router.table.collections.get('words')?.shards[0]?.epoch.membership, 2n)
})

test('Only the groups that failed are written again, under the same command.', async () => {
  const cluster = new Cluster()
  cluster.failures.set(2n, [
    new VectronError('OUTCOME_UNKNOWN', 'x'),
    new VectronError('NOT_LEADER', 'x'),
  ])
  const outcome = await writeIds(cluster.router(), ['abc', 'a'])
  assert.deepEqual(
    cluster.written.map(({ command }) => command),
    ['1:abc', '2:a'],
  )
  assert.equal(outcome.affected, 2n)
})

test('A broadcast reaches every shard once, although one of them fails first.', async () => {
  const cluster = new Cluster()
  cluster.failures.set(1n, [new VectronError('SHARD_UNAVAILABLE', 'x')])
  const outcome = await writeEverywhere(cluster.router(), {
    collection: 'words',
    encode: (shard) => Buffer.from(`all ${shard}`),
    deadline: soon(),
  })
  assert.deepEqual(cluster.written.map(({ command }) => command).sort(), ['all 1', 'all 2'])
  assert.equal(outcome.positions.size, 2)
})

test('A refusal that routing cannot cure is not tried again.', async () => {
  const cluster = new Cluster()
  cluster.failures.set(1n, [new VectronError('DISK_FULL', 'full')])
  await assert.rejects(writeIds(cluster.router(), ['abc']), (error) =>
    isVectronError(error, 'DISK_FULL'),
  )
  assert.equal(cluster.written.length, 0)
  assert.equal(cluster.fetches, 1)
})

test('While a shard has no leader, requests wait for one until their deadline.', async () => {
  const cluster = new Cluster()
  cluster.hasLeader = false
  const router = cluster.router()
  const write = writeIds(router, ['abc'])
  setTimeout(() => {
    cluster.hasLeader = true
  }, 20)
  assert.equal((await write).affected, 1n)

  cluster.hasLeader = false
  await router.refresh()
  const late = writeItems(router, {
    collection: 'words',
    items: ['abc'],
    shardOf: shardOfId,
    encode: () => new Uint8Array(),
    deadline: deadlineAfter(systemClock, 30),
  })
  await assert.rejects(late, (error) => isVectronError(error, 'NOT_LEADER'))
})

test('A search asks a worker once for all its shards, and again only for those that failed.', async () => {
  const cluster = new Cluster()
  const search = () =>
    searchShards(cluster.router(), {
      collection: 'words',
      encode: () => new Uint8Array(),
      freshness: { kind: 'eventual' },
      deadline: soon(),
      allowPartial: false,
    })
  assert.equal((await search()).answers.size, 2)
  assert.equal(cluster.searches, 1)
  cluster.failures.set(2n, [new VectronError('NOT_LEADER', 'x')])
  const answer = await search()
  assert.deepEqual([...answer.answers.keys()], [1n, 2n])
  assert.equal(answer.failures.size, 0)
  assert.equal(cluster.searches, 3)
})

test('A shard that never answers leaves a partial answer that names it.', async () => {
  const cluster = new Cluster()
  cluster.failures.set(2n, Array(1000).fill(new VectronError('SHARD_UNAVAILABLE', 'gone')))
  const answer = await searchShards(cluster.router(), {
    collection: 'words',
    encode: () => new Uint8Array(),
    freshness: { kind: 'eventual' },
    deadline: deadlineAfter(systemClock, 40),
    allowPartial: true,
  })
  assert.equal(answer.shardsTotal, 2)
  assert.deepEqual([...answer.answers.keys()], [1n])
  assert.equal(answer.failures.get([...answer.failures.keys()][0]!)?.message, 'gone')
})

test('A read finds its shard anew for each try.', async () => {
  const cluster = new Cluster()
  cluster.failures.set(1n, [new VectronError('SHARD_NOT_FOUND', 'x')])
  const bytes = await readShard(cluster.router(), {
    collection: 'words',
    shard: (route) => shardOfId(route, 'abc'),
    read: new Uint8Array(),
    freshness: { kind: 'strong' },
    deadline: soon(),
  })
  assert.deepEqual([...bytes], [9])
})

test('An unknown collection is asked for once and refused with the nearest name.', async () => {
  const cluster = new Cluster()
  await assert.rejects(cluster.router().route('word'), (error) => {
    assert.ok(isVectronError(error, 'COLLECTION_NOT_FOUND'))
    assert.match(error.message, /Did you mean "words"/)
    return true
  })
  assert.equal(cluster.fetches, 1)
})
