/**
 * `bench planner`: one round of placement's planning over a whole cluster, in one process.
 *
 * A cluster of 1,000 workers and 100,000 shards with three replicas each is built through catalog
 * commands and heartbeats, as in production. A round builds the view and runs every checker and
 * scheduler. Measured with all in order, with one worker dead, and with a tenth of the workers new.
 */
import { create, type MessageInitShape } from '@bufbuild/protobuf'
import type { Clock } from '@vectron/base'
import { placement } from '@vectron/contracts'
import {
  buildView,
  Catalog,
  Observations,
  PLACEMENT_SETTINGS,
  planRound,
} from '@vectron/placement-service'
import type { BenchOptions } from './bench-options.ts'
import { median } from './curve.ts'
import type { Report } from './report.ts'

const SIZES = {
  small: { workers: 20, shards: 1_000 },
  full: { workers: 1_000, shards: 100_000 },
} as const
const REPLICAS = 3
const SHARDS_PER_COLLECTION = 1_000
const LOG_ENTRIES = 1_000n
const DEAD_WORKER = 1n

export async function benchPlanner({ size, rounds, note }: BenchOptions): Promise<Report> {
  const { workers, shards } = SIZES[size]
  const cluster = new SimulatedCluster(workers, shards)
  note(`built ${workers} workers, ${shards} shards`)
  const heartbeatUs = cluster.beat(() => true)
  const steady = cluster.measure(rounds)
  note(`all in order: ${steady.proposals} proposals`)
  cluster.pass(PLACEMENT_SETTINGS.deadMs)
  cluster.beat((workerId) => workerId !== DEAD_WORKER)
  const dead = cluster.measure(rounds)
  note(`a worker dead: ${dead.proposals} proposals, ${dead.underReplicated} under-replicated`)
  cluster.addWorkers(workers / 10)
  cluster.beat((workerId) => workerId !== DEAD_WORKER)
  const grown = cluster.measure(rounds)
  note(`a tenth of the workers new: ${grown.proposals} proposals`)
  return {
    bench: 'planner',
    parameters: { size, workers, shards, replicas: REPLICAS, rounds },
    measured: { steady, dead, grown },
    figures: new Map<string, number | string>([
      ['planner.round_ms', steady.ms],
      ['planner.round_cpu_ms', steady.cpuMs],
      ['planner.dead_worker.round_ms', dead.ms],
      ['planner.new_workers.round_ms', grown.ms],
      ['planner.dead_worker.under_replicated', dead.underReplicated],
      ['planner.heartbeat_us', heartbeatUs],
      ['planner.rss_mib', process.memoryUsage.rss() / 2 ** 20],
    ]),
  }
}

type CommandInit = MessageInitShape<typeof placement.CatalogCommandSchema>['command']

interface Measured {
  readonly ms: number
  /** Of this process, its helper threads included. */
  readonly cpuMs: number
  readonly proposals: number
  readonly underReplicated: number
}

class SimulatedCluster {
  readonly #catalog = new Catalog()
  readonly #observations: Observations
  #index = 0n
  #nowMs = 0

  constructor(workers: number, shards: number) {
    const clock: Clock = {
      nowMs: () => this.#nowMs,
      monotonicUs: () => this.#nowMs * 1000,
      setTimer: () => () => {},
    }
    this.#observations = new Observations(clock)
    this.addWorkers(workers)
    for (let first = 0; first < shards; first += SHARDS_PER_COLLECTION) {
      this.#addCollection(first, Math.min(SHARDS_PER_COLLECTION, shards - first), workers)
    }
  }

  addWorkers(count: number): void {
    for (let i = 0; i < count; i++) this.#apply({ case: 'addWorker', value: {} })
  }

  pass(ms: number): void {
    this.#nowMs += ms
  }

  /** Every worker that is up reports; answers the mean time that one report took, microseconds. */
  beat(isUp: (workerId: bigint) => boolean): number {
    const heartbeats = [...this.#catalog.workers.keys()]
      .filter(isUp)
      .map((workerId) => this.#heartbeat(workerId))
    const started = performance.now()
    for (const heartbeat of heartbeats) this.#observations.record(heartbeat)
    return ((performance.now() - started) * 1000) / heartbeats.length
  }

  measure(rounds: number): Measured {
    const times: number[] = []
    const cpuTimes: number[] = []
    let last = this.#round()
    for (let round = 0; round < rounds; round++) {
      const started = performance.now()
      const cpu = process.cpuUsage()
      last = this.#round()
      times.push(performance.now() - started)
      cpuTimes.push(process.cpuUsage(cpu).user / 1000)
    }
    const { proposals, health } = last
    return {
      ms: median(times),
      cpuMs: median(cpuTimes),
      proposals: proposals.length,
      underReplicated: health.shardsUnderReplicated,
    }
  }

  #round() {
    const sources = {
      catalog: this.#catalog,
      observations: this.#observations,
      silence: PLACEMENT_SETTINGS,
    }
    const view = buildView(sources, { settings: PLACEMENT_SETTINGS.plan })
    return planRound({ view, running: [], mayRepair: () => true, mayBalance: () => true })
  }

  #addCollection(first: number, count: number, workers: number): void {
    const shards = Array.from({ length: count }, (_, at) => ({
      rangeStart: 0n,
      rangeEnd: 0n,
      // Each shard on three neighbours; its first replica leads.
      workerIds: Array.from({ length: REPLICAS }, (_, replica) =>
        BigInt(1 + ((first + at + replica) % workers)),
      ),
    }))
    const collection = { name: `c${first}`, replicationFactor: REPLICAS }
    this.#apply({ case: 'addCollection', value: { collection, shards } })
  }

  #heartbeat(workerId: bigint): placement.HeartbeatRequest {
    const replicas = [...this.#catalog.hostedBy(workerId).values()].map(({ shard }) => {
      const own = shard.replicas.find((replica) => replica.workerId === workerId)
      const leader = shard.replicas[0] === own
      const leadership = {
        membershipVersion: 1n,
        lastIndex: LOG_ENTRIES,
        members: shard.replicas.map(({ replicaId }) => {
          return { replicaId, matchIndex: LOG_ENTRIES, active: true }
        }),
      }
      return create(placement.ReplicaReportSchema, {
        shardId: shard.shardId,
        replicaId: own?.replicaId ?? 0n,
        leader,
        term: 1n,
        diskBytes: 1n << 28n,
        ...(leader ? { leadership } : {}),
      })
    })
    return create(placement.HeartbeatRequestSchema, { workerId, replicas })
  }

  #apply(command: NonNullable<CommandInit>): void {
    this.#index += 1n
    this.#catalog.apply(this.#index, create(placement.CatalogCommandSchema, { command }))
  }
}
