/**
 * ReplicatedCatalog: the catalog behind Raft. Commands are proposed, and answered when applied.
 */

import { join } from 'node:path'
import { create, toBinary } from '@bufbuild/protobuf'
import { type Clock, type Deadline, type Disk, groupId, replicaId } from '@vectron/base'
import { placement } from '@vectron/contracts'
import type { ReplicaHost } from '@vectron/raft'
import type { Catalog, CatalogResult } from './catalog.ts'
import { CatalogMachine } from './catalog-machine.ts'
import type { Membership } from './members.ts'

/** Placement's own group; shards count from 1. */
export const CATALOG_GROUP = groupId(0n)
const SNAPSHOT_FILE = 'catalog.snapshot'

export interface ReplicatedCatalogOptions {
  readonly folder: string
  readonly host: ReplicaHost
  readonly disk: Disk
  readonly clock: Clock
  readonly membership: Membership
  /** Called after the catalog has changed. */
  readonly onApplied: () => void
}

export class ReplicatedCatalog {
  readonly #options: ReplicatedCatalogOptions
  #machine: CatalogMachine
  #hasJoined = false

  /** Reads the snapshot; the group is joined later. */
  static async open(options: ReplicatedCatalogOptions): Promise<ReplicatedCatalog> {
    const { folder, disk, onApplied } = options
    const file = join(folder, SNAPSHOT_FILE)
    return new ReplicatedCatalog(options, await CatalogMachine.open({ file, disk, onApplied }))
  }

  private constructor(options: ReplicatedCatalogOptions, machine: CatalogMachine) {
    this.#options = options
    this.#machine = machine
  }

  /** Joins the group as one of its first members; what the log holds is applied behind. */
  async join(): Promise<void> {
    const { host, membership } = this.#options
    await host.createGroup(CATALOG_GROUP, {
      replica: replicaId(membership.memberId),
      bootstrap: membership.members.map(({ memberId }) => ({
        replica: replicaId(memberId),
        learner: false,
      })),
      stateMachine: this.#machine,
    })
    this.#hasJoined = true
  }

  /** Joins a group that runs under another replica id than at first. */
  async joinAs(replica: bigint): Promise<void> {
    await this.#options.host.createGroup(CATALOG_GROUP, {
      replica: replicaId(replica),
      bootstrap: [],
      stateMachine: this.#machine,
    })
    this.#hasJoined = true
  }

  /** Before it joins: forgets the snapshot of a log that is gone. */
  async forget(): Promise<void> {
    const { folder, disk, onApplied } = this.#options
    const file = join(folder, SNAPSHOT_FILE)
    await disk.remove(file)
    this.#machine = await CatalogMachine.open({ file, disk, onApplied })
  }

  /** The catalog as applied here. */
  get state(): Catalog {
    return this.#machine.catalog
  }

  /** Replicates a command and answers what became of it; one that is refused changed nothing. */
  async execute(
    command: placement.CatalogCommand['command'],
    deadline: Deadline,
  ): Promise<CatalogResult> {
    const { host, clock } = this.#options
    const timeMs = BigInt(clock.nowMs())
    const message = create(placement.CatalogCommandSchema, { timeMs, command })
    const data = toBinary(placement.CatalogCommandSchema, message)
    const proposed = await host.propose(CATALOG_GROUP, data, { deadline })
    return proposed.result as CatalogResult
  }

  /** Gives a new catalog its cluster id; one that has an id keeps it. */
  async initialize(clusterId: string, deadline: Deadline): Promise<void> {
    const value = create(placement.InitializeClusterSchema, { clusterId })
    await this.execute({ case: 'initializeCluster', value }, deadline)
  }

  /** Makes the snapshot current, so that the next start replays nothing. */
  async checkpoint(): Promise<void> {
    if (this.#hasJoined) await this.#machine.checkpoint()
  }
}
