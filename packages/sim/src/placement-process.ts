/**
 * A placement member of the simulated cluster: the real catalog, service, host and core.
 */

import { replicaId, toVectronError } from '@vectron/base'
import { placement } from '@vectron/contracts'
import {
  CATALOG_GROUP,
  type Membership,
  openPlacement,
  PLACEMENT_SETTINGS,
} from '@vectron/placement-service'
import { type Life, SimProcess } from './sim-process.ts'
import type { SimWorld } from './sim-world.ts'

const FOLDER = '/data'
/** Shorter than in production, so that a run sees dead workers replaced. */
const SETTINGS = {
  silentMs: 2500,
  deadMs: 7000,
  tickMs: 200,
  roundMs: 500,
  plan: {
    ...PLACEMENT_SETTINGS.plan,
    leaderlessMs: 5000,
    jointMs: 3000,
    caughtUpLag: 8n,
    restMs: 3000,
    retryMs: 1000,
    resendMs: 1000,
    stepMs: 15_000,
    catchUpStalledMs: 15_000,
  },
}

export interface PlacementProcessOptions {
  readonly name: string
  readonly membership: Membership
}

export class PlacementProcess extends SimProcess {
  readonly #options: PlacementProcessOptions
  #wasWiped = false

  constructor(world: SimWorld, options: PlacementProcessOptions) {
    super(world, options.name)
    this.#options = options
  }

  /** Its disk was lost once in this run. */
  get wasWiped(): boolean {
    return this.#wasWiped
  }

  protected async open(life: Life): Promise<void> {
    const { rpc, raftNetworks } = this.world
    const { membership } = this.#options
    const { memberId } = membership
    const identity = { clusterId: 'sim', nodeId: memberId, bootEpoch: life.bootEpoch }
    const transport = raftNetworks.placement.connect(identity, this.name, life.clock)
    const places = membership.members.map((member) => ({
      replica: replicaId(member.memberId),
      nodeId: member.memberId,
    }))
    transport.setMembers(CATALOG_GROUP, places)
    const core = this.createCore(
      (group) => `catalog${group}`,
      (entries) => this.world.catalogOracle.onCommitted(entries),
    )
    const host = this.openHost(life, core, transport)
    const running = await openPlacement({
      folder: FOLDER,
      host,
      clock: life.clock,
      random: this.random,
      disk: life.disk,
      member: membership,
      meeting: {
        log: life.log,
        connect: ({ address }) => rpc.connect(placement.Placement, life, address),
        setMembers: (members) => transport.setMembers(CATALOG_GROUP, members),
        onFatal: (error) => this.onEnded(toVectronError(error)),
      },
      settings: SETTINGS,
      whenEmpty: { kind: 'bootstrap' },
    })
    rpc.listen(life, [running.service])
  }

  override wipe(): void {
    this.#wasWiped = true
    super.wipe()
  }

  protected closed(): void {
    this.world.raftNetworks.placement.find(this.#options.membership.memberId)?.close()
  }
}
