/**
 * The processes of one simulated cluster, and what its shape is: drawn from the seed.
 */
import type { ClientHistory } from './client-history.ts'
import { ClusterAdmin, type CollectionShape } from './cluster-admin.ts'
import { GatewayProcess, type SharedStore } from './gateway-process.ts'
import { PlacementProcess } from './placement-process.ts'
import type { SimProcess } from './sim-process.ts'
import type { SimWorld } from './sim-world.ts'
import { WorkerProcess } from './worker-process.ts'

export interface ClusterShape {
  readonly placements: number
  readonly workers: number
  /** Workers that join later, if the nemesis adds them. */
  readonly spareWorkers: number
  readonly gateways: number
  readonly clientsPerGateway: number
  readonly collections: readonly CollectionShape[]
}

const IDS_PER_COLLECTION = 8
const VOTERS = 3

export function drawShape(world: SimWorld): ClusterShape {
  const random = world.randomFor('shape')
  const workers = 3 + random.nextBelow(3)
  const forSearches = world.randomFor('search-only replicas')
  return {
    placements: random.chance(0.5) ? 3 : 1,
    workers,
    spareWorkers: random.nextBelow(2),
    gateways: 1 + random.nextBelow(2),
    clientsPerGateway: 2,
    collections: ['a', 'b'].slice(0, 1 + random.nextBelow(2)).map((name) => ({
      name,
      shardCount: 1 + random.nextBelow(3),
      replicationFactor: VOTERS,
      searchReplicas: forSearches.nextBelow(workers - VOTERS + 1),
    })),
  }
}

export class Cluster {
  readonly shape: ClusterShape
  readonly placements: readonly PlacementProcess[]
  readonly workers: readonly WorkerProcess[]
  readonly gateways: readonly GatewayProcess[]
  readonly admin: ClusterAdmin

  constructor(world: SimWorld, history: ClientHistory) {
    this.shape = drawShape(world)
    const { placements, workers, spareWorkers, gateways } = this.shape
    const { clientsPerGateway, collections } = this.shape
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
    this.admin = new ClusterAdmin(world, placementNames)
    this.workers = numbered('w', workers + spareWorkers).map(
      (name) => new WorkerProcess(world, { name, placementNames }),
    )
    const shared: SharedStore = new Map()
    this.gateways = numbered('g', gateways).map(
      (name) =>
        new GatewayProcess(world, {
          name,
          placementNames,
          collections: collections.map((collection) => collection.name),
          idsPerCollection: IDS_PER_COLLECTION,
          clients: clientsPerGateway,
          history,
          shared,
        }),
    )
  }

  /** All that were started once; they may be down. */
  get processes(): readonly SimProcess[] {
    return [...this.placements, ...this.startedWorkers, ...this.gateways]
  }

  get startedWorkers(): readonly WorkerProcess[] {
    return this.workers.filter(({ hasStarted }) => hasStarted)
  }

  /** Whether no machine has this worker's identity on its disk any more. */
  isGone(worker: bigint): boolean {
    return this.workers.every(({ workerId }) => workerId !== worker)
  }

  /** A worker that has not joined yet. */
  get spareWorker(): WorkerProcess | undefined {
    return this.workers.find(({ hasStarted }) => !hasStarted)
  }

  start(): void {
    const workers = this.workers.slice(0, this.shape.workers)
    for (const process of [...this.placements, ...workers, ...this.gateways]) process.start()
  }
}

function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}${i + 1}`)
}
