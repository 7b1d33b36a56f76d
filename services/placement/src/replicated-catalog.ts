/**
 * ReplicatedCatalog: the catalog behind Raft. Commands are proposed, and answered when applied.
 */

import { join } from 'node:path'
import { create, toBinary } from '@bufbuild/protobuf'
import {
  assertDefined,
  type Clock,
  type Deadline,
  type Disk,
  deadlineAfter,
  groupId,
  LIMITS,
  replicaId,
} from '@vectron/base'
import { placement } from '@vectron/contracts'
import type { ReplicaHost } from '@vectron/raft'
import type { Catalog, CatalogResult } from './catalog.ts'
import { CatalogMachine } from './catalog-machine.ts'

/** Placement's own group; shards count from 1. */
const CATALOG_GROUP = groupId(0n)
/** The one member of a placement cluster of one. */
const SOLE_MEMBER = replicaId(1n)
const SNAPSHOT_FILE = 'catalog.snapshot'

export interface ReplicatedCatalogOptions {
  readonly folder: string
  readonly host: ReplicaHost
  readonly disk: Disk
  readonly clock: Clock
  /** Called after the catalog has changed. */
  readonly onApplied: () => void
}

export class ReplicatedCatalog {
  readonly #host: ReplicaHost
  readonly #machine: CatalogMachine

  static async open(options: ReplicatedCatalogOptions): Promise<ReplicatedCatalog> {
    const { folder, host, disk, onApplied } = options
    const file = join(folder, SNAPSHOT_FILE)
    const machine = await CatalogMachine.open({ file, disk, onApplied })
    await host.createGroup(CATALOG_GROUP, {
      replica: SOLE_MEMBER,
      bootstrap: [{ replica: SOLE_MEMBER, learner: false }],
      stateMachine: machine,
    })
    await host.readBarrier(CATALOG_GROUP, {
      deadline: deadlineAfter(options.clock, LIMITS.requestTimeoutMsDefault),
    })
    return new ReplicatedCatalog(host, machine)
  }

  private constructor(host: ReplicaHost, machine: CatalogMachine) {
    this.#host = host
    this.#machine = machine
  }

  /** The catalog as applied here. */
  get state(): Catalog {
    return this.#machine.catalog
  }

  /** Raft's term: grows with each leader of placement. */
  get term(): bigint {
    return assertDefined(this.#host.status(CATALOG_GROUP), 'the catalog is hosted').term
  }

  async execute(message: placement.CatalogCommand, deadline: Deadline): Promise<CatalogResult> {
    const data = toBinary(placement.CatalogCommandSchema, message)
    const proposed = await this.#host.propose(CATALOG_GROUP, data, { deadline })
    return proposed.result as CatalogResult
  }

  /** Gives a new catalog its cluster id; one that has an id keeps it. */
  async initialize(clusterId: string, clock: Clock): Promise<void> {
    const value = create(placement.InitializeClusterSchema, { clusterId })
    const message = create(placement.CatalogCommandSchema, {
      timeMs: BigInt(clock.nowMs()),
      command: { case: 'initializeCluster', value },
    })
    await this.execute(message, deadlineAfter(clock, LIMITS.requestTimeoutMsDefault))
  }

  /** Makes the snapshot current, so that the next start replays nothing. */
  async checkpoint(): Promise<void> {
    await this.#machine.checkpoint()
  }
}
