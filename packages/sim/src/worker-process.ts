/**
 * A worker of the simulated cluster: the real worker, replica host, shards and core, on a simulated
 * log, disk, engine, clock and network.
 */

import { fromBinary } from '@bufbuild/protobuf'
import { createLogger, createMetrics } from '@vectron/base'
import { engine } from '@vectron/contracts'
import type { GroupStatus, ShardEngineOptions } from '@vectron/native'
import { openWorker, registerWorker } from '@vectron/worker-service'
import { connectPlacement } from './connect-placement.ts'
import { watchEpochs } from './epoch-watch.ts'
import { ModelEngine } from './model-engine.ts'
import { plantInDisk } from './planted-disk.ts'
import type { ProbedCore } from './probed-core.ts'
import { watchReports } from './report-watch.ts'
import { type Life, SimProcess } from './sim-process.ts'
import type { SimWorld } from './sim-world.ts'

const FOLDER = '/data'
/** Nothing is logged: the trace says what happened. */
const logger = createLogger({ name: 'sim', level: 'silent' })

export interface WorkerProcessOptions {
  readonly name: string
  readonly placementNames: readonly string[]
}

export class WorkerProcess extends SimProcess {
  readonly #options: WorkerProcessOptions
  #nodeId = 0n
  /** Shards of which the disk lost something. */
  readonly #lostShards = new Set<bigint>()
  readonly #engines = new Map<bigint, ModelEngine>()
  #core: ProbedCore | undefined

  constructor(world: SimWorld, options: WorkerProcessOptions) {
    super(world, options.name)
    this.#options = options
  }

  /** The id that placement gave; 0 before. */
  get workerId(): bigint {
    return this.#nodeId
  }

  /** Engines that are open, by shard. */
  get engines(): ReadonlyMap<bigint, ModelEngine> {
    return this.#engines
  }

  /** Replicas that are open, by shard. */
  get replicas(): ReadonlyMap<bigint, bigint> {
    return this.#core?.replicas ?? new Map()
  }

  statusOf(shard: bigint): GroupStatus | undefined {
    return this.#core?.status(shard)
  }

  /** What the disk held of a shard is gone, while the process is down. */
  loseShard(shard: bigint, what: { readonly log: boolean; readonly folder: boolean }): void {
    const parts = [...(what.log ? ['log'] : []), ...(what.folder ? ['folder'] : [])].join(' and ')
    this.world.trace.add(this.name, `the ${parts} of shard ${shard} are lost`)
    this.#lostShards.add(shard)
    if (what.log) this.loseLog(shard)
    if (what.folder) this.disk.lose(`${FOLDER}/shards/${shard}`)
  }

  protected async open(life: Life): Promise<void> {
    const { rpc, raftNetworks, planted } = this.world
    const placement = watchReports(
      connectPlacement(this.world, life, this.#options.placementNames),
      {
        process: this.name,
        violations: this.world.violations,
        mayBeLost: (shard) => this.#lostShards.has(shard),
        flattersLearners: planted === 'promote-learner-early',
      },
    )
    const disk = plantInDisk(life.disk, planted)
    const own = { folder: FOLDER, address: this.name, raftAddress: this.name, zone: '' }
    const worker = await registerWorker({ ...own, placement, disk })
    this.#nodeId = worker.workerId
    const { clusterId, workerId: nodeId } = worker
    const identity = { clusterId, nodeId, bootEpoch: life.bootEpoch }
    const core = this.createCore((group) => `${group}`)
    this.#core = core
    const transport = raftNetworks.worker.connect(identity, this.name, life.clock)
    const host = this.openHost(life, core, transport)
    const running = await openWorker({
      folder: FOLDER,
      host,
      log: life.log,
      transport,
      placement,
      identity: worker,
      bootEpoch: life.bootEpoch,
      clock: life.clock,
      logger,
      metrics: createMetrics(),
      tailPointsMax: 1000,
      diskReserveBytes: 1,
      disk,
      openEngine: (options) => this.#openEngine(life, options),
    })
    const service = watchEpochs(running.service, {
      process: this.name,
      violations: this.world.violations,
      membershipOf: (shard) => this.statusOf(shard)?.membershipVersion,
      skipsCheck: planted === 'skip-epoch-check',
    })
    rpc.listen(life, [service])
  }

  protected closed(): void {
    this.#core = undefined
    this.#engines.clear()
    this.world.raftNetworks.worker.find(this.#nodeId)?.close()
  }

  async #openEngine(life: Life, { folder, config }: ShardEngineOptions): Promise<ModelEngine> {
    const { shardId } = fromBinary(engine.ShardConfigSchema, config)
    const opened = await ModelEngine.open({
      folder,
      shard: shardId,
      disk: life.disk,
      clock: life.clock,
      random: this.random,
      workMsMax: 3,
      bugs: {
        forgetsRequests: this.world.planted === 'forget-dedupe-table',
        overstatesDurable: this.world.planted === 'compact-past-durable',
        ignoresVersions: this.world.planted === 'ignore-if-version',
        showsExpired: this.world.planted === 'show-expired',
      },
      onApplied: (applied) => this.world.shardOracle.onApplied(applied),
      onClosed: (engine) => {
        if (this.#engines.get(shardId) === engine) this.#engines.delete(shardId)
      },
    })
    this.#engines.set(shardId, opened)
    return opened
  }
}
