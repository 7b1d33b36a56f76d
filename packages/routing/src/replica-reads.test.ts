import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import {
  type Deadline,
  deadlineAfter,
  isVectronError,
  type LogIndex,
  type ShardId,
  seededRandom,
  shardId,
  sleep,
  VectronError,
} from '@vectron/base'
import { placement, worker } from '@vectron/contracts'
import { type CallOptions, ConnectionFailure } from '@vectron/rpc'
import { SimClock } from '@vectron/testkit'
import type { WorkerDoor } from './doors.ts'
import { type FanOutAnswer, type ReadFreshness, readShard, searchShards } from './fan-out.ts'
import { writeItems } from './routed-write.ts'
import { Router } from './router.ts'
import { shardOfId } from './routing-table.ts'

/** One worker that hosts a replica of every shard. */
class FakeWorker {
  readonly id: bigint
  /** Milliseconds that an answer takes; Infinity: it never comes. */
  delayMs = 0
  /** Nothing listens at its address. */
  gone = false
  /** Nothing at all is answered, connections stay open: paused, or cut off. */
  paused = false
  /** Milliseconds that its replicas need to reach a session's position. */
  behindMs = 0
  /** Shards that it refuses, and why. */
  readonly refuses = new Map<bigint, VectronError>()
  leads = true
  leader = 0n
  searches: bigint[][] = []
  writes: bigint[] = []
  cancelled = 0
  readonly #clock: SimClock

  constructor(id: bigint, clock: SimClock) {
    this.id = id
    this.#clock = clock
  }

  readonly door: WorkerDoor = {
    searchShards: async ({ shards = [] }, options) => {
      const ids = shards.map(({ shard }) => shard?.shardId ?? 0n)
      if (ids.length > 0) this.searches.push(ids)
      const barrier = shards[0]?.barrier
      await this.#takeTime(options, ids.length > 0 ? this.#timeFor(barrier) : 0)
      const answers = ids.map((id) => {
        const refusal = this.refuses.get(id)
        const value = Uint8Array.of(Number(this.id))
        if (refusal === undefined)
          return { shardId: id, answer: { case: 'result', value } as const }
        const { reason, message } = refusal
        const failure = create(worker.ShardFailureSchema, { reason, message })
        return { shardId: id, answer: { case: 'failure', value: failure } as const }
      })
      return create(worker.SearchShardsResponseSchema, { answers })
    },
    readShard: async ({ shard, barrier }, options) => {
      await this.#takeTime(options, this.#timeFor(barrier))
      const refusal = this.refuses.get(shard?.shardId ?? 0n)
      if (refusal !== undefined) throw refusal
      return create(worker.ReadShardResponseSchema, { result: Uint8Array.of(Number(this.id)) })
    },
    writeShards: async ({ writes = [] }, options) => {
      await this.#takeTime(options, this.delayMs)
      const answers = writes.map(({ shard }) => {
        const id = shard?.shardId ?? 0n
        if (this.leads) {
          this.writes.push(id)
          return { shardId: id, answer: { case: 'written', value: { logIndex: 1n } } as const }
        }
        const failure = { reason: 'NOT_LEADER', message: 'no', leaderWorkerId: this.leader }
        return { shardId: id, answer: { case: 'failure', value: failure } as const }
      })
      return create(worker.WriteShardsResponseSchema, { answers })
    },
    getShardStats: async () => create(worker.GetShardStatsResponseSchema),
  }

  #timeFor(barrier: { readonly consistency?: worker.ReadConsistency } | undefined): number {
    const isSession = barrier?.consistency === worker.ReadConsistency.SESSION
    return this.delayMs + (isSession ? this.behindMs : 0)
  }

  async #takeTime({ timeoutMs = 1e6, signal }: CallOptions = {}, ms: number): Promise<void> {
    if (this.gone) {
      const cause = new ConnectionFailure('refused', { wasConnected: false })
      throw new VectronError('UNAVAILABLE', 'refused', { cause })
    }
    const neededMs = this.paused ? Infinity : ms
    try {
      await sleep(this.#clock, Math.min(neededMs, timeoutMs), signal)
    } catch {
      this.cancelled++
      throw new VectronError('CANCELLED', 'left')
    }
    if (neededMs > timeoutMs) throw new VectronError('DEADLINE_EXCEEDED', 'late')
  }
}

/**
 * Three workers, and as many shards as asked for with a replica on each; worker 1 leads all. With
 * `searchOnly` it is the only voter.
 */
class Cluster {
  readonly clock = new SimClock()
  readonly workers = [1n, 2n, 3n].map((id) => new FakeWorker(id, this.clock))
  readonly router: Router
  leader = 1n
  version = 1n
  readonly #searchOnly: boolean

  constructor(shardCount = 1, { searchOnly = false } = {}) {
    this.#searchOnly = searchOnly
    this.lead(1n)
    this.router = new Router({
      placement: {
        getRouting: async () => {
          return create(placement.GetRoutingResponseSchema, { table: this.#table(shardCount) })
        },
      },
      connectWorker: (address) => this.worker(BigInt(address)).door,
      clock: this.clock,
      random: seededRandom(1n),
    })
  }

  worker(id: bigint): FakeWorker {
    const found = this.workers.find((each) => each.id === id)
    assert.ok(found)
    return found
  }

  lead(leader: bigint): void {
    for (const each of this.workers) {
      each.leads = each.id === leader
      each.leader = leader
    }
  }

  /** Lets time pass until the promise settles. */
  async run<T>(promise: Promise<T>): Promise<T> {
    let settled = false
    const end = () => {
      settled = true
    }
    promise.then(end, end)
    const takeTurn = () => new Promise((resolve) => setImmediate(resolve))
    await takeTurn()
    while (!settled) if (!(await this.clock.step())) await takeTurn()
    return promise
  }

  deadline(ms = 5000): Deadline {
    return deadlineAfter(this.clock, ms)
  }

  search(
    options: { freshness?: ReadFreshness; allowPartial?: boolean; ms?: number; kind?: string } = {},
  ) {
    const { freshness = { kind: 'eventual' }, allowPartial = false, ms, kind = 'walk' } = options
    return this.run<FanOutAnswer>(
      searchShards(this.router, {
        collection: 'words',
        encode: () => new Uint8Array(),
        kind,
        freshness,
        deadline: this.deadline(ms),
        allowPartial,
      }),
    )
  }

  /** Searches often enough for the usual latency of the shards to be known. */
  async warmUp(times = 60): Promise<void> {
    for (let i = 0; i < times; i++) await this.search()
    for (const each of this.workers) {
      each.searches = []
      each.cancelled = 0
    }
  }

  #table(shardCount: number) {
    const width = (1n << 64n) / BigInt(shardCount)
    return create(placement.RoutingTableSchema, {
      version: this.version,
      clusterId: 'c',
      collections: [
        {
          collection: { name: 'words' },
          shards: Array.from({ length: shardCount }, (_, i) => ({
            shardId: BigInt(i + 1),
            rangeStart: width * BigInt(i),
            rangeEnd: i + 1 === shardCount ? 0n : width * BigInt(i + 1),
            epoch: { membership: 1n, range: 1n },
            replicas: this.workers.map(({ id }) => ({
              replicaId: BigInt(i * 10) + id,
              workerId: id,
              learner: this.#searchOnly && id !== 1n,
              searchOnly: this.#searchOnly && id !== 1n,
            })),
            leaderWorkerId: this.leader,
          })),
        },
      ],
      workers: this.workers.map(({ id }) => ({ workerId: id, address: `${id}` })),
    })
  }
}

function sessionAt(shard: bigint): ReadFreshness {
  return {
    kind: 'session',
    positions: new Map<ShardId, LogIndex>([[shardId(shard), 9n as LogIndex]]),
  }
}

function askedOf(cluster: Cluster): number[] {
  return cluster.workers.map(({ searches }) => searches.length)
}

test('Searches spread over all replicas, one request to a worker for all its shards.', async () => {
  const cluster = new Cluster(6)
  for (const each of cluster.workers) each.delayMs = 1
  for (let i = 0; i < 30; i++) {
    const { answers } = await cluster.search()
    assert.equal(answers.size, 6)
  }
  for (const { searches } of cluster.workers) {
    assert.ok(searches.length >= 20 && searches.length <= 30, `${searches.length} requests`)
  }
})

test('A replica that is slow is asked less, and again once it has recovered.', async () => {
  const cluster = new Cluster()
  for (const each of cluster.workers) each.delayMs = 1
  cluster.worker(2n).delayMs = 40
  await cluster.warmUp()
  for (let i = 0; i < 100; i++) await cluster.search()
  assert.ok(cluster.worker(2n).searches.length < 10)
  cluster.worker(2n).delayMs = 1
  await cluster.clock.advance(60_000)
  for (const each of cluster.workers) each.searches = []
  for (let i = 0; i < 100; i++) await cluster.search()
  assert.ok(cluster.worker(2n).searches.length > 20)
})

test('A heavy kind of search is not late by the measure of a light one, and counts against nobody.', async () => {
  const cluster = new Cluster()
  const search = async (kind: string, ms: number) => {
    for (const each of cluster.workers) each.delayMs = ms
    await cluster.search({ kind })
  }
  for (let i = 0; i < 100; i++) {
    await search('walk', 1)
    await search('scan', 300)
  }
  for (const each of cluster.workers) each.searches = []
  for (let i = 0; i < 50; i++) {
    await search('scan', 300)
    await search('walk', 1)
  }
  const asked = askedOf(cluster)
  // One in twenty is above the bound that one in twenty is above, whatever there is to measure.
  assert.ok(asked.reduce((sum, count) => sum + count, 0) <= 105)
  assert.ok(
    asked.every((count) => count > 15),
    `${asked}`,
  )
})

test('Search-only replicas answer searches like any other, and strong reads when nobody leads.', async () => {
  const cluster = new Cluster(4, { searchOnly: true })
  for (let i = 0; i < 60; i++) await cluster.search()
  for (const asked of askedOf(cluster)) assert.ok(asked > 10, `${askedOf(cluster)}`)

  const strong = new Cluster(1, { searchOnly: true })
  await strong.search({ freshness: { kind: 'strong' } })
  assert.deepEqual(askedOf(strong), [1, 0, 0])
  strong.worker(1n).gone = true
  const { answers } = await strong.search({ freshness: { kind: 'strong' } })
  assert.equal(answers.size, 1)
  const [leaderAsked, ...othersAsked] = askedOf(strong)
  assert.deepEqual([leaderAsked, othersAsked.toSorted()], [2, [0, 1]])
})

test('No write goes to a search-only replica, whoever leads or does not.', async () => {
  const cluster = new Cluster(1, { searchOnly: true })
  const sent: bigint[] = []
  for (const each of cluster.workers) {
    const { writeShards } = each.door
    Object.assign(each.door, {
      writeShards: (...call: Parameters<typeof writeShards>) => {
        sent.push(each.id)
        return writeShards(...call)
      },
    })
  }
  await write(cluster, ['a'])
  cluster.worker(1n).leads = false
  await assert.rejects(write(cluster, ['a'], 2000), { reason: 'NOT_LEADER' })
  assert.ok(sent.length > 2)
  assert.deepEqual([...new Set(sent)], [1n])
})

test('A strong read asks the leader alone.', async () => {
  const cluster = new Cluster(4)
  for (let i = 0; i < 10; i++) await cluster.search({ freshness: { kind: 'strong' } })
  assert.deepEqual(askedOf(cluster), [10, 0, 0])
})

test('A replica that is gone is replaced within the request, and not asked again at once.', async () => {
  const cluster = new Cluster(4)
  await cluster.warmUp()
  cluster.worker(2n).gone = true
  for (let i = 0; i < 20; i++) {
    const { answers, failures } = await cluster.search({ ms: 50 })
    assert.deepEqual([answers.size, failures.size], [4, 0])
  }
  assert.ok(cluster.worker(2n).searches.length <= 3)
})

test('A late answer is asked for a second time elsewhere, and the loser is ended.', async () => {
  const cluster = new Cluster()
  for (const each of cluster.workers) each.delayMs = 1
  await cluster.warmUp()
  for (const each of cluster.workers) each.delayMs = 500
  cluster.worker(3n).delayMs = 1
  const startUs = cluster.clock.monotonicUs()
  const { answers } = await cluster.search()
  assert.equal(answers.get(shardId(1n))?.[0], 3)
  assert.ok(cluster.clock.monotonicUs() - startUs < 100_000)
  const ended = cluster.workers.reduce((sum, { cancelled }) => sum + cancelled, 0)
  assert.equal(ended, askedOf(cluster).reduce((sum, count) => sum + count, 0) - 1)
})

test('Second requests stay within their share, however slow the cluster becomes.', async () => {
  const cluster = new Cluster()
  for (const each of cluster.workers) each.delayMs = 1
  await cluster.warmUp(200)
  const random = seededRandom(7n)
  for (let i = 0; i < 1000; i++) {
    for (const each of cluster.workers) each.delayMs = random.nextBelow(2) === 0 ? 1 : 400
    await cluster.search()
  }
  const requests = askedOf(cluster).reduce((sum, count) => sum + count, 0)
  assert.ok(requests <= 1000 * 1.05 + 11, `${requests} requests for 1000 searches`)
})

test('A paused worker costs one request about a second, and the next ones nothing.', async () => {
  const cluster = new Cluster()
  await cluster.warmUp()
  const [first] = cluster.workers
  assert.ok(first)
  first.paused = true
  const startUs = cluster.clock.monotonicUs()
  const strong = { freshness: { kind: 'strong' } } as const
  await cluster.search(strong)
  const firstMs = (cluster.clock.monotonicUs() - startUs) / 1000
  assert.ok(firstMs > 500 && firstMs < 1500, `${firstMs} ms`)
  const asked = first.searches.length
  for (let i = 0; i < 10; i++) await cluster.search({ ...strong, ms: 100 })
  assert.equal(first.searches.length, asked)

  first.paused = false
  await cluster.clock.advance(5000)
  await cluster.search(strong)
  assert.equal(first.searches.length, asked + 1)
  cluster.router.close()
})

test('A worker that is only slow is waited for: its answers are not given up.', async () => {
  const cluster = new Cluster()
  cluster.worker(1n).delayMs = 2500
  await cluster.search({ freshness: { kind: 'strong' } })
  assert.deepEqual([askedOf(cluster), cluster.worker(1n).cancelled], [[1, 0, 0], 0])
})

test('A session does not wait for a replica that is behind: the leader answers it.', async () => {
  const cluster = new Cluster()
  for (const each of cluster.workers) each.delayMs = 1
  cluster.worker(2n).behindMs = 3000
  cluster.worker(3n).behindMs = 3000
  await cluster.warmUp()
  for (let i = 0; i < 50; i++) {
    const startUs = cluster.clock.monotonicUs()
    const { answers } = await cluster.search({ freshness: sessionAt(1n) })
    assert.equal(answers.get(shardId(1n))?.[0], 1)
    assert.ok(cluster.clock.monotonicUs() - startUs < 100_000)
  }
})

test('One shard that nobody answers for fails the search by name, or is named as missing.', async () => {
  const cluster = new Cluster(3)
  const damaged = new VectronError('DATA_CORRUPT', 'a file is damaged')
  for (const { refuses } of cluster.workers) refuses.set(2n, damaged)
  await assert.rejects(cluster.search(), (error) => {
    assert.ok(isVectronError(error, 'DATA_CORRUPT'))
    assert.match(error.message, /1 of 3 shards did not answer \(2\): a file is damaged/)
    return true
  })
  const partial = await cluster.search({ allowPartial: true })
  assert.deepEqual([...partial.answers.keys()].sort(), [1n, 3n])
  assert.deepEqual([...partial.failures.keys()], [2n])
})

test('A partial search does not wait for a shard that nobody serves.', async () => {
  const cluster = new Cluster(3)
  const unavailable = new VectronError('SHARD_UNAVAILABLE', 'no leader')
  for (const { refuses } of cluster.workers) refuses.set(2n, unavailable)
  const startUs = cluster.clock.monotonicUs()
  const partial = await cluster.search({ allowPartial: true })
  assert.equal(partial.answers.size, 2)
  assert.ok(cluster.clock.monotonicUs() - startUs < 500_000)
  await assert.rejects(cluster.search({ ms: 300 }), { reason: 'SHARD_UNAVAILABLE' })
})

test('A damaged replica is passed over for a sound one.', async () => {
  const cluster = new Cluster()
  cluster.worker(1n).refuses.set(1n, new VectronError('DATA_CORRUPT', 'damaged'))
  const read = readShard(cluster.router, {
    collection: 'words',
    shard: (route) => shardOfId(route, 'a'),
    read: new Uint8Array(),
    freshness: { kind: 'strong' },
    deadline: cluster.deadline(),
  })
  assert.notEqual((await cluster.run(read))[0], 1)
})

function write(cluster: Cluster, ids: readonly string[], ms = 10_000) {
  return cluster.run(
    writeItems(cluster.router, {
      collection: 'words',
      items: ids,
      shardOf: shardOfId,
      encode: (items) => Buffer.from(items.join()),
      deadline: cluster.deadline(ms),
    }),
  )
}

test('A write follows the leader that a refusal names, before placement has heard of it.', async () => {
  const cluster = new Cluster()
  await write(cluster, ['a'])
  cluster.lead(3n)
  await write(cluster, ['a'])
  await write(cluster, ['a'])
  assert.deepEqual(cluster.worker(3n).writes, [1n, 1n])
  cluster.leader = 3n
  cluster.version = 2n
  await cluster.router.refresh()
  cluster.lead(2n)
  await write(cluster, ['a'])
  assert.deepEqual(cluster.worker(2n).writes, [1n])
})

test('A write outlives its paused leader: the others are asked until one of them leads.', async () => {
  const cluster = new Cluster()
  await write(cluster, ['a'])
  cluster.worker(1n).paused = true
  cluster.clock.setTimer(2000, () => cluster.lead(2n))
  const startUs = cluster.clock.monotonicUs()
  await write(cluster, ['a'])
  assert.ok(cluster.clock.monotonicUs() - startUs < 2_600_000)
  assert.deepEqual(cluster.worker(2n).writes, [1n])
  cluster.router.close()
})

test('A write outlives its killed leader while placement is down, too.', async () => {
  const cluster = new Cluster()
  await write(cluster, ['a'])
  cluster.worker(1n).gone = true
  cluster.router.refresh = () => new Promise(() => {})
  cluster.clock.setTimer(1000, () => cluster.lead(2n))
  await write(cluster, ['a'])
  assert.deepEqual(cluster.worker(2n).writes, [1n])
  cluster.router.close()
})

test('All shards of a worker are written by one request.', async () => {
  const cluster = new Cluster(4)
  let requests = 0
  const { door } = cluster.worker(1n)
  const { writeShards } = door
  Object.assign(door, {
    writeShards: (...call: Parameters<typeof writeShards>) => {
      requests++
      return writeShards(...call)
    },
  })
  const ids = Array.from({ length: 50 }, (_, i) => `id ${i}`)
  const { positions } = await write(cluster, ids)
  assert.deepEqual([requests, positions.size], [1, 4])
})
