/**
 * A placement member of the simulated cluster: the real catalog, service, host and core.
 */

import { replicaId } from '@vectron/base'
import { CATALOG_GROUP, type Membership, openPlacement } from '@vectron/placement-service'
import { ReplicaHost } from '@vectron/raft'
import { plantInLog } from './planted-log.ts'
import { type Life, SimProcess } from './sim-process.ts'
import type { SimWorld } from './sim-world.ts'

const FOLDER = '/data'
/** Shorter than in production, so that a run sees dead workers replaced. */
const SETTINGS = { silentMs: 2500, deadMs: 7000, tickMs: 200, roundMs: 500 }

export interface PlacementProcessOptions {
  readonly name: string
  readonly membership: Membership
}

export class PlacementProcess extends SimProcess {
  readonly #options: PlacementProcessOptions

  constructor(world: SimWorld, options: PlacementProcessOptions) {
    super(world, options.name)
    this.#options = options
  }

  protected async open(life: Life): Promise<void> {
    const { rpc, raftNetworks, limits, planted } = this.world
    const { membership } = this.#options
    const { memberId } = membership
    const identity = { clusterId: 'sim', nodeId: memberId, bootEpoch: life.bootEpoch }
    const transport = raftNetworks.placement.connect(identity, this.name, life.clock)
    const places = membership.members.map((member) => ({
      replica: replicaId(member.memberId),
      nodeId: member.memberId,
    }))
    transport.setMembers(CATALOG_GROUP, places)
    const host = ReplicaHost.open({
      core: this.createCore((group) => `catalog${group}`),
      log: plantInLog(life.log, planted),
      clock: life.clock,
      transport,
      limits,
      release: planted === 'acknowledge-before-fsync' ? 'before-append' : 'after-append',
      onFatal: (error) => this.onFailed('the log', error),
      onGroupFailed: (group, error) => this.onFailed(`group ${group}`, error),
    })
    const running = await openPlacement({
      folder: FOLDER,
      host,
      clock: life.clock,
      random: this.random,
      disk: life.disk,
      member: membership,
      settings: SETTINGS,
      whenEmpty: { kind: 'bootstrap' },
    })
    rpc.listen(life, [running.service])
  }

  protected closed(): void {
    this.world.raftNetworks.placement.find(this.#options.membership.memberId)?.close()
  }
}
