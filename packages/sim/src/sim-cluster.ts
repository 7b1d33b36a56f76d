/**
 * The processes of one simulated cluster, and what its shape is: drawn from the seed.
 */
import { create } from '@bufbuild/protobuf'
import { isVectronError, sleep, toVectronError } from '@vectron/base'
import { vectron } from '@vectron/contracts'
import type { ClientHistory } from './client-history.ts'
import { connectPlacement } from './connect-placement.ts'
import { GatewayProcess } from './gateway-process.ts'
import { PlacementProcess } from './placement-process.ts'
import { ProcessClock } from './process-clock.ts'
import type { SimProcess } from './sim-process.ts'
import type { SimWorld } from './sim-world.ts'
import { WorkerProcess } from './worker-process.ts'

export interface ClusterShape {
  readonly placements: number
  readonly workers: number
  readonly gateways: number
  readonly clientsPerGateway: number
  readonly collections: readonly CollectionShape[]
}

export interface CollectionShape {
  readonly name: string
  readonly shardCount: number
  readonly replicationFactor: number
}

const IDS_PER_COLLECTION = 8
const ADMIN_PAUSE_MS = 200

export function drawShape(world: SimWorld): ClusterShape {
  const random = world.randomFor('shape')
  const workers = 3 + random.nextBelow(3)
  return {
    placements: random.chance(0.5) ? 3 : 1,
    workers,
    gateways: 1 + random.nextBelow(2),
    clientsPerGateway: 2,
    collections: ['a', 'b'].slice(0, 1 + random.nextBelow(2)).map((name) => ({
      name,
      shardCount: 1 + random.nextBelow(3),
      replicationFactor: 3,
    })),
  }
}

export class Cluster {
  readonly shape: ClusterShape
  readonly placements: readonly PlacementProcess[]
  readonly workers: readonly WorkerProcess[]
  readonly gateways: readonly GatewayProcess[]
  readonly #world: SimWorld

  constructor(world: SimWorld, history: ClientHistory) {
    this.#world = world
    this.shape = drawShape(world)
    const { placements, workers, gateways, clientsPerGateway, collections } = this.shape
    const placementNames = numbered('p', placements)
    const members = placementNames.map((name, i) => ({
      memberId: BigInt(i + 1),
      address: name,
      raftAddress: name,
    }))
    this.placements = placementNames.map(
      (name, i) =>
        new PlacementProcess(world, { name, membership: { memberId: BigInt(i + 1), members } }),
    )
    this.workers = numbered('w', workers).map(
      (name) => new WorkerProcess(world, { name, placementNames }),
    )
    this.gateways = numbered('g', gateways).map(
      (name) =>
        new GatewayProcess(world, {
          name,
          placementNames,
          collections: collections.map((collection) => collection.name),
          idsPerCollection: IDS_PER_COLLECTION,
          clients: clientsPerGateway,
          history,
        }),
    )
  }

  get processes(): readonly SimProcess[] {
    return [...this.placements, ...this.workers, ...this.gateways]
  }

  start(): void {
    for (const process of this.processes) process.start()
  }

  /** Makes the collections of the shape; settles when all take writes. */
  async createCollections(timeoutMs: number): Promise<void> {
    const clock = new ProcessClock(this.#world.clock)
    const caller = { name: 'admin', clock }
    const client = connectPlacement(
      this.#world,
      caller,
      this.placements.map(({ name }) => name),
    )
    for (const { name, shardCount, replicationFactor } of this.shape.collections) {
      const collection = create(vectron.CollectionSchema, {
        name,
        dimension: 1,
        metric: vectron.Metric.COSINE,
        shardCount,
        replicationFactor,
      })
      await this.#untilDone(clock, () => client.createCollection({ collection }, { timeoutMs }))
    }
  }

  /** The cluster is only starting: placement or workers may not be there yet. */
  async #untilDone(clock: ProcessClock, attempt: () => Promise<unknown>): Promise<void> {
    for (;;) {
      try {
        await attempt()
        return
      } catch (error) {
        if (isVectronError(error, 'COLLECTION_EXISTS')) return
        this.#world.trace.add('admin', `not yet: ${toVectronError(error).message}`)
        await sleep(clock, ADMIN_PAUSE_MS)
      }
    }
  }
}

function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}${i + 1}`)
}
