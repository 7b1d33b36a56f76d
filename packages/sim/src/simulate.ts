/**
 * One simulated run: a seed decides the cluster's shape, what its clients do, and what goes wrong.
 *
 * Three parts: the cluster starts and makes its collections; clients work while faults come and go;
 * all is mended, and within a bound the cluster must be whole again: every process up, every
 * request answered, every replica equal, nothing lost that was acknowledged. Invariants are checked
 * by oracles as things happen, so the run stops at the step that breaks one.
 */
import { crc32 } from 'node:zlib'
import { LIMITS, sleep, toVectronError } from '@vectron/base'
import { HOST_LIMITS } from '@vectron/raft'
import { SimClock } from '@vectron/testkit'
import { AliasHistory } from './alias-history.ts'
import { CatalogOracle } from './catalog-oracle.ts'
import { ClientHistory } from './client-history.ts'
import { FastRandom } from './fast-random.ts'
import { Nemesis } from './nemesis.ts'
import type { PlantedBug } from './planted-bugs.ts'
import { RaftOracle } from './raft-oracle.ts'
import { takeCensus } from './replica-census.ts'
import { ShardOracle } from './shard-oracle.ts'
import { Cluster } from './sim-cluster.ts'
import { SimNetwork } from './sim-network.ts'
import { SimRpc } from './sim-rpc.ts'
import { SimTrace } from './sim-trace.ts'
import { SimRaftNetwork } from './sim-transport.ts'
import type { SimWorld } from './sim-world.ts'
import { Violations } from './violation.ts'

export interface SimOptions {
  readonly seed: bigint
  readonly planted?: PlantedBug | undefined
  /** Gets the trace line by line. */
  readonly print?: ((line: string) => void) | undefined
}

export interface SimOutcome {
  readonly seed: bigint
  /** The broken invariant; undefined when all held. */
  readonly violation: string | undefined
  readonly traceHash: string
  readonly simSeconds: number
  readonly acknowledged: number
  readonly reads: number
}

/** Milliseconds for a cluster without faults to start and make its collections. */
const START_MS = 30_000
/** Milliseconds of faults. */
const CHAOS_MS_MIN = 8000
const CHAOS_MS_MAX = 25_000
/** Milliseconds after which a mended cluster must be whole. */
const RECOVERY_MS = 60_000
/** Milliseconds between two looks at it. */
const ORDER_MS = 500
const FINAL_READ_MS = 20_000

/** Runs one seed to its end, or to the first broken invariant. */
export async function simulate(options: SimOptions): Promise<SimOutcome> {
  const run = new SimRun(options)
  await run.execute()
  return run.outcome()
}

class SimRun {
  readonly #options: SimOptions
  readonly #world: SimWorld
  readonly #history: ClientHistory
  readonly #cluster: Cluster
  /** What placement said last that is not as it should be. */
  #disorder: string | undefined = 'nobody has asked placement yet'

  constructor(options: SimOptions) {
    this.#options = options
    this.#world = createWorld(options)
    this.#history = new ClientHistory(
      this.#world.violations,
      this.#world.shardOracle,
      this.#world.clockError,
    )
    this.#cluster = new Cluster(this.#world, this.#history)
    this.#world.catalogOracle.watch(this.#cluster)
  }

  async execute(): Promise<void> {
    const { shape } = this.#cluster
    this.#world.trace.add('sim', `seed ${this.#options.seed}: ${describeShape(shape)}`)
    this.#cluster.start()
    await this.#within(START_MS, 'the collections are made', () =>
      this.#cluster.admin.createCollections(shape.collections, START_MS),
    )
    for (const gateway of this.#cluster.gateways) gateway.isBusy = true
    const nemesis = new Nemesis(this.#world, this.#cluster)
    nemesis.start()
    const random = this.#world.randomFor('length')
    await this.#advance(random.between(CHAOS_MS_MIN, CHAOS_MS_MAX))
    nemesis.heal()
    await this.#recover()
  }

  outcome(): SimOutcome {
    return {
      seed: this.#options.seed,
      violation: this.#world.violations.first,
      traceHash: this.#world.trace.digest(),
      simSeconds: this.#world.clock.monotonicUs() / 1e6,
      acknowledged: this.#history.acknowledged,
      reads: this.#history.reads,
    }
  }

  async #recover(): Promise<void> {
    for (const gateway of this.#cluster.gateways) gateway.isBusy = false
    void this.#cluster.admin.tidyUp((worker) => this.#cluster.isGone(worker))
    void this.#watchOrder()
    const lack = () => this.#disorder ?? this.#differences()
    await this.#until(RECOVERY_MS, 'the cluster becomes whole', lack)
    const [gateway] = this.#cluster.gateways
    await this.#within(FINAL_READ_MS, 'every id can be read', () =>
      gateway!.readAll(this.#history.ids, FINAL_READ_MS),
    )
  }

  /** Asks placement again and again whether all is as the catalog wants it. */
  async #watchOrder(): Promise<void> {
    for (;;) {
      this.#disorder = await this.#cluster.admin
        .findDisorder()
        .catch((error: unknown) => toVectronError(error).message)
      await sleep(this.#world.clock, ORDER_MS)
    }
  }

  /** What the replicas of a shard differ by; undefined when all are there and equal. */
  #differences(): string | undefined {
    for (const [shard, replicas] of takeCensus(this.#cluster)) {
      const states = replicas.map(({ worker }) => {
        const state = worker.engines.get(shard)?.state
        return `${state?.appliedIndex} ${state?.hash.toString(16)}`
      })
      if (new Set(states).size === 1) continue
      const places = replicas.map(({ worker }, i) => `${states[i]} on ${worker.name}`)
      return `shard ${shard}: ${places.join(', ')}`
    }
    return undefined
  }

  /** Time passes until the promise settles, which must happen within the bound. */
  async #within(ms: number, what: string, begin: () => Promise<void>): Promise<void> {
    if (this.#isOver) return
    let isSettled = false
    begin().then(
      () => {
        isSettled = true
      },
      (error: unknown) => {
        isSettled = true
        this.#world.violations.add(what, toVectronError(error).message)
      },
    )
    await this.#until(ms, what, () => (isSettled ? undefined : 'it goes on'))
  }

  /** Time passes until nothing is missing, which must happen within the bound. */
  async #until(ms: number, what: string, missing: () => string | undefined): Promise<void> {
    const endUs = this.#world.clock.monotonicUs() + ms * 1000
    for (let lack = missing(); lack !== undefined && !this.#isOver; lack = missing()) {
      if (this.#world.clock.monotonicUs() >= endUs) {
        this.#world.violations.add(what, `not within ${ms} ms: ${lack}`)
        return
      }
      await this.#advance(50)
    }
  }

  #advance(ms: number): Promise<void> {
    return this.#world.clock.advance(ms, () => this.#isOver)
  }

  get #isOver(): boolean {
    return this.#world.violations.first !== undefined
  }
}

function createWorld({ seed, planted, print }: SimOptions): SimWorld {
  const randomFor = createStreams(seed)
  const clock = new SimClock()
  const trace = new SimTrace(clock, print)
  const violations = new Violations(trace)
  const aliases = new AliasHistory(violations)
  const network = new SimNetwork(clock, randomFor('network'))
  return {
    seed,
    clock,
    network,
    rpc: new SimRpc(network),
    raftNetworks: {
      worker: new SimRaftNetwork(network),
      placement: new SimRaftNetwork(network),
    },
    trace,
    violations,
    raftOracle: new RaftOracle(violations),
    shardOracle: new ShardOracle(violations),
    catalogOracle: new CatalogOracle(violations, aliases),
    aliases,
    clockError: { behindMs: 0, aheadMs: 0 },
    limits: {
      ...HOST_LIMITS,
      tickMs: LIMITS.raftTickMs,
      applyBytesMax: 2048,
      // So small that checkpoints, compactions and snapshots happen many times in a short run.
      checkpointLogBytes: 2048,
      compactLogBytes: 512,
      followerLogBytes: 3072,
      spareLogBytes: 1024,
      snapshotLogBytes: 16_384,
      snapshotStallMs: 3000,
      snapshotStartMs: 1000,
      snapshotIdleMs: 500,
    },
    planted,
    randomFor,
  }
}

/** A stream of random numbers by the name of who draws, and how many of that name came before. */
function createStreams(seed: bigint): (part: string) => FastRandom {
  const counts = new Map<string, number>()
  return (part) => {
    const count = (counts.get(part) ?? 0) + 1
    counts.set(part, count)
    return new FastRandom(seed, crc32(part) ^ count)
  }
}

function describeShape(shape: Cluster['shape']): string {
  const collections = shape.collections
    .map(({ name, shardCount, replicationFactor, searchReplicas }) => {
      return `${name} ${shardCount}x${replicationFactor}+${searchReplicas}`
    })
    .join(', ')
  return `${shape.placements} placement, ${shape.workers} workers, ${shape.gateways} gateways; ${collections}`
}
