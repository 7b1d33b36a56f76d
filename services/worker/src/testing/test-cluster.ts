/**
 * Workers in one process with a placement that the test plays: real hosts, logs and engines, on a
 * clock that ticks five times as fast as in production.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import {
  createLogger,
  createMetrics,
  deadlineAfter,
  groupOfShard,
  shardId,
  sleep,
  systemClock,
  systemRandom,
} from '@vectron/base'
import { worker } from '@vectron/contracts'
import { createRaftCore, openRaftLog, openShardEngine, type RaftLog } from '@vectron/native'
import { CORE_LIMITS, HOST_LIMITS, InProcessNetwork, ReplicaHost } from '@vectron/raft'
import { type Client, createInProcessClient } from '@vectron/rpc'
import type { OpenEngine } from '../hosted-shard.ts'
import { openWorker, type RunningWorker } from '../open-worker.ts'
import { registerWorker } from '../register-worker.ts'
import { FakePlacement } from './fake-placement.ts'

const TICK_MS = 20

export class TestWorker {
  readonly workerId: bigint
  readonly folder: string
  readonly client: Client<typeof worker.Worker>
  readonly #running: RunningWorker
  readonly #host: ReplicaHost
  readonly #log: RaftLog
  #isOpen = true

  constructor(workerId: bigint, folder: string, parts: OpenParts) {
    this.workerId = workerId
    this.folder = folder
    this.client = createInProcessClient(worker.Worker, parts.running.service)
    this.#running = parts.running
    this.#host = parts.host
    this.#log = parts.log
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Whether its replica of the shard leads, as it knows itself. */
  leads(id: bigint): boolean {
    return this.#isOpen && this.#host.view(groupOfShard(shardId(id)))?.role === 'leader'
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return
    this.#isOpen = false
    await this.#running.close()
    await this.#host.close()
    await this.#log.close()
  }
}

interface OpenParts {
  readonly running: RunningWorker
  readonly host: ReplicaHost
  readonly log: RaftLog
}

export class TestCluster {
  readonly placement = new FakePlacement()
  readonly workers: TestWorker[] = []
  /** Opens every engine from now on. */
  openEngine: OpenEngine = openShardEngine
  readonly #network = new InProcessNetwork()
  readonly #folder: string
  #bootEpoch = 0n

  static async open(context: TestContext, workers: number): Promise<TestCluster> {
    const folder = await mkdtemp(join(tmpdir(), 'vectron-workers-'))
    const cluster = new TestCluster(folder)
    context.after(async () => {
      await Promise.all(cluster.workers.map((each) => each.close()))
      await rm(folder, { recursive: true, force: true })
    })
    for (let count = 0; count < workers; count++) await cluster.add(join(folder, `${count + 1}`))
    return cluster
  }

  private constructor(folder: string) {
    this.#folder = folder
  }

  /** Opens a worker on a folder, one that was closed before included. */
  async add(folder = join(this.#folder, `${this.workers.length + 1}`)): Promise<TestWorker> {
    const { client } = this.placement
    const address = { address: 'a', raftAddress: '', zone: '' }
    const identity = await registerWorker({ folder, placement: client, ...address })
    const { clusterId, workerId } = identity
    const bootEpoch = ++this.#bootEpoch
    const transport = this.#network.connect({ clusterId, nodeId: workerId, bootEpoch })
    const log = await openRaftLog(join(folder, 'log'))
    const host = openHost(log, transport)
    const running = await openWorker({
      folder,
      host,
      log,
      transport,
      openEngine: (options) => this.openEngine(options),
      placement: client,
      identity,
      bootEpoch,
      clock: systemClock,
      logger: createLogger({ name: 'test', write: () => {} }),
      metrics: createMetrics(),
      tailPointsMax: 1000,
      diskReserveBytes: 1,
    })
    const opened = new TestWorker(workerId, folder, { running, host, log })
    this.workers.push(opened)
    return opened
  }

  worker(workerId: bigint): TestWorker {
    const found = this.workers.findLast((each) => each.workerId === workerId)
    if (found === undefined) throw new Error(`there is no worker ${workerId}`)
    return found
  }

  /** The worker that reports to lead a shard. */
  leaderOf(shardId: bigint): TestWorker | undefined {
    return this.workers.findLast(
      ({ workerId, isOpen }) =>
        isOpen && this.placement.reportOf(workerId, shardId)?.leader === true,
    )
  }

  /** Settles with what the look gives once that is something; looks again and again. */
  async until<T>(what: string, look: () => T | undefined | false): Promise<T> {
    const deadline = deadlineAfter(systemClock, 20_000)
    for (;;) {
      const found = look()
      if (found !== undefined && found !== false) return found
      if (deadline.passed) throw new Error(`never came true: ${what}`)
      await sleep(systemClock, 5)
    }
  }
}

function openHost(log: RaftLog, transport: ReturnType<InProcessNetwork['connect']>): ReplicaHost {
  const core = createRaftCore({
    seed: systemRandom.nextU64(),
    ...CORE_LIMITS,
  })
  const onFatal = (error: unknown) => {
    throw error
  }
  const limits = { ...HOST_LIMITS, tickMs: TICK_MS }
  return ReplicaHost.open({ core, log, clock: systemClock, transport, limits, onFatal })
}
