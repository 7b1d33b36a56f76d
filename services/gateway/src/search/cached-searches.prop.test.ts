/**
 * Two gateways, each with its cache, over shards whose replicas lag: writes, searches of every
 * consistency, and deaths of searches fall together as the seed has it. What a search is given is
 * told by the positions of the logs that it is of, so its promise can be checked against what was
 * acknowledged, and where, before it began.
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  assertDefined,
  createMetrics,
  deadlineAfter,
  type LogIndex,
  logIndex,
  type Random,
  type ShardId,
  seededRandom,
  shardId,
  sleep,
  testSeed,
} from '@vectron/base'
import { latestOf, type ShardPositions } from '@vectron/routing'
import { SimClock } from '@vectron/testkit'
import { WrittenPositions } from '../written-positions.ts'
import { CachedSearches, type FreshAnswer, type SharedAnswers } from './cached-searches.ts'
import { type KeptAnswer, ResultCache } from './result-cache.ts'

const SHARDS = [shardId(1n), shardId(2n)]
const REPLICAS = 3
/** Few different searches, so that most meet another's answer. */
const KEYS = ['a', 'b', 'c']
const AGE_MS_MAX = 40
const STEPS = 400

type Consistency = 'eventual' | 'session' | 'strong'

/** A search's answer is what it is of. */
type Answer = ShardPositions

/** A shard: how long its log is, and how far each replica has applied it; the first one leads. */
interface Shard {
  readonly applied: number[]
}

interface Gateway {
  readonly searches: CachedSearches<Answer>
  readonly written: WrittenPositions
}

class World {
  readonly clock = new SimClock()
  readonly #random: Random
  readonly #shards = new Map<ShardId, Shard>()
  readonly #gateways: readonly Gateway[]
  readonly #store = new Map<string, { readonly kept: KeptAnswer<Answer>; readonly putUs: number }>()
  /** The highest position of each shard that some gateway has acknowledged. */
  #acknowledged: ShardPositions = new Map()
  readonly faults: string[] = []
  hits = 0
  sharedHits = 0

  constructor(seed: bigint) {
    this.#random = seededRandom(seed)
    for (const shard of SHARDS) this.#shards.set(shard, { applied: Array(REPLICAS).fill(1) })
    this.#gateways = [this.#openGateway(), this.#openGateway()]
  }

  #openGateway(): Gateway {
    const { clock } = this
    const metrics = createMetrics()
    const cache = new ResultCache<Answer>({ bytesMax: 1 << 20, clock, metrics })
    const searches = new CachedSearches({ cache, shared: this.#shared, clock, metrics })
    return { searches, written: new WrittenPositions() }
  }

  /** What both gateways keep for each other, a moment away. */
  get #shared(): SharedAnswers<Answer> {
    return {
      get: async (key) => {
        await this.#pause()
        const found = this.#store.get(key)
        if (found === undefined) return undefined
        const ageMs = found.kept.ageMs + (this.clock.monotonicUs() - found.putUs) / 1000
        return { ...found.kept, ageMs, shared: true }
      },
      put: (key, kept) => {
        const putUs = this.clock.monotonicUs()
        void this.#pause().then(() => this.#store.set(key, { kept, putUs }))
      },
    }
  }

  async run(): Promise<void> {
    const work: Promise<void>[] = []
    for (let step = 0; step < STEPS; step++) {
      work.push(this.#random.nextBelow(3) === 0 ? this.#write() : this.#search())
      this.#replicate()
      await this.clock.advance(this.#random.nextBelow(4))
    }
    await this.clock.advance(10_000)
    await Promise.all(work)
  }

  /** Some replica catches up a little. */
  #replicate(): void {
    for (const { applied } of this.#shards.values()) {
      const at = 1 + this.#random.nextBelow(REPLICAS - 1)
      const leader = assertDefined(applied[0], 'the leader')
      const behind = leader - assertDefined(applied[at], 'a follower')
      applied[at] = leader - this.#random.nextBelow(behind + 1)
    }
  }

  async #write(): Promise<void> {
    const { written } = this.#anyGateway()
    const id = assertDefined(SHARDS[this.#random.nextBelow(SHARDS.length)], 'a shard')
    await this.#pause()
    const { applied } = this.#shard(id)
    const index = assertDefined(applied[0], 'the leader') + 1
    applied[0] = index
    await this.#pause()
    const positions = new Map([[id, logIndex(BigInt(index))]])
    written.note(positions)
    this.#acknowledged = latestOf([this.#acknowledged, positions])
  }

  async #search(): Promise<void> {
    const { searches, written } = this.#anyGateway()
    const consistency = (['eventual', 'session', 'strong'] as const)[this.#random.nextBelow(3)]
    assert.ok(consistency)
    const token = new Map(this.#acknowledged)
    const acknowledged = new Map(this.#acknowledged)
    const ownWrites = new Map(written.positions)
    const key = assertDefined(KEYS[this.#random.nextBelow(KEYS.length)], 'a key')
    const wanted = async (): Promise<ShardPositions> => {
      if (consistency === 'eventual') return written.positions
      if (consistency === 'session') return latestOf([token, written.positions])
      await this.#pause()
      return this.#leaders()
    }
    const ageMsMax = consistency === 'eventual' ? AGE_MS_MAX : undefined
    const read = { key, ageMsMax, wanted, deadline: deadlineAfter(this.clock, 5_000) }
    const answered = await searches
      .answer(read, () => this.#ask(consistency, token))
      .catch(() => undefined)
    if (answered === undefined) return
    if (answered.kind === 'fresh') return
    this.hits++
    const { kept } = answered
    if (kept.shared) this.sharedHits++
    const isStale = (promised: ShardPositions) =>
      [...promised].some(([shard, index]) => (kept.answer.get(shard) ?? logIndex(0n)) < index)
    if (isStale(ownWrites)) this.faults.push(`${key}: older than what the gateway acknowledged`)
    if (consistency === 'session' && isStale(token)) this.faults.push(`${key}: before the token`)
    if (consistency === 'strong' && isStale(acknowledged)) {
      this.faults.push(`${key}: a strong read misses what was acknowledged before it began`)
    }
    if (consistency === 'eventual' && kept.ageMs > AGE_MS_MAX) {
      this.faults.push(`${key}: ${kept.ageMs} ms old`)
    }
  }

  /** The shards' answer: each by a replica that may answer, at a moment of its own. */
  async #ask(consistency: Consistency, token: ShardPositions): Promise<FreshAnswer<Answer>> {
    const positions = new Map<ShardId, LogIndex>()
    await Promise.all(
      SHARDS.map(async (id) => {
        await this.#pause()
        const { applied } = this.#shard(id)
        const able = applied.filter((index, at) => {
          if (consistency === 'strong') return at === 0
          const least = consistency === 'session' ? (token.get(id) ?? logIndex(0n)) : logIndex(0n)
          return BigInt(index) >= least
        })
        const at = this.#random.nextBelow(able.length)
        positions.set(id, logIndex(BigInt(assertDefined(able[at], 'the leader at least'))))
        await this.#pause()
      }),
    )
    if (this.#random.nextBelow(10) === 0) throw new Error('the search dies')
    return { answer: positions, positions, bytes: 100, lasting: this.#random.nextBelow(10) > 0 }
  }

  #leaders(): ShardPositions {
    return new Map(
      SHARDS.map((id) => [id, logIndex(BigInt(assertDefined(this.#shard(id).applied[0], 'one')))]),
    )
  }

  #shard(id: ShardId): Shard {
    return assertDefined(this.#shards.get(id), 'a shard')
  }

  #anyGateway(): Gateway {
    return assertDefined(this.#gateways[this.#random.nextBelow(2)], 'a gateway')
  }

  #pause(): Promise<void> {
    return sleep(this.clock, this.#random.nextBelow(12))
  }
}

test('No interleaving of writes and searches gives an answer older than its promise.', async () => {
  const first = testSeed()
  let hits = 0
  let sharedHits = 0
  for (let run = 0n; run < 60n; run++) {
    const world = new World(first + run)
    await world.run()
    hits += world.hits
    sharedHits += world.sharedHits
    assert.deepEqual(world.faults, [], `replay: VECTRON_SEED=${first + run}`)
  }
  assert.ok(hits > 1000, `the cache was used: ${hits} hits`)
  assert.ok(sharedHits > 100, `what others kept was used: ${sharedHits} hits`)
})
