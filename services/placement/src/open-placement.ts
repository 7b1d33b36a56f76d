/**
 * Opens placement on a folder: catalog, group, handlers.
 *
 * A folder without a catalog starts a new cluster, but only when the caller vouches that no data of
 * an older one lies around: a new, empty placement would have every worker destroy its shards.
 */

import { type Clock, type Disk, type Random, systemDisk, toHex, VectronError } from '@vectron/base'
import { placement } from '@vectron/contracts'
import type { ReplicaHost } from '@vectron/raft'
import { type BoundService, bindService } from '@vectron/rpc'
import { Changes } from './changes.ts'
import { Observations } from './observations.ts'
import { PlacementService } from './placement-service.ts'
import { ReplicatedCatalog } from './replicated-catalog.ts'

export interface PlacementOptions {
  /** Where the catalog's snapshot lies. */
  readonly folder: string
  /** Hosts the catalog's group; opened and closed by the caller. */
  readonly host: ReplicaHost
  readonly clock: Clock
  readonly random: Random
  /** Default: the machine's. */
  readonly disk?: Disk
  /** What to do when the folder holds no catalog. */
  readonly whenEmpty: { readonly kind: 'bootstrap' } | { readonly kind: 'refuse'; why: string }
}

export interface RunningPlacement {
  readonly service: BoundService
  readonly clusterId: string
  /** Makes the snapshot current. The host is closed by who opened it. */
  close(): Promise<void>
}

const CLUSTER_ID_BYTES = 16

/** @throws VectronError WRONG_CLUSTER, DATA_CORRUPT, INCOMPATIBLE_DATA */
export async function openPlacement(options: PlacementOptions): Promise<RunningPlacement> {
  const { folder, host, clock, whenEmpty, disk = systemDisk } = options
  const changes = new Changes(clock)
  const onApplied = () => changes.announce()
  const catalog = await ReplicatedCatalog.open({ folder, host, disk, clock, onApplied })
  if (catalog.state.clusterId === '') {
    if (whenEmpty.kind === 'refuse') {
      throw new VectronError(
        'WRONG_CLUSTER',
        `${folder} holds no catalog, and a new cluster is not begun: ${whenEmpty.why}.`,
        { subject: folder },
      )
    }
    await catalog.initialize(createClusterId(options.random), clock)
  }
  const observations = new Observations()
  const handlers = new PlacementService({ catalog, observations, changes, clock })
  return {
    service: bindService(placement.Placement, handlers),
    clusterId: catalog.state.clusterId,
    close: () => catalog.checkpoint(),
  }
}

function createClusterId(random: Random): string {
  const bytes = new Uint8Array(CLUSTER_ID_BYTES)
  random.fill(bytes)
  return toHex(bytes)
}
