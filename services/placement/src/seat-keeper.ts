/**
 * SeatKeeper: brings the catalog's own group to the seats of the catalog, and tells the transport
 * where they are.
 */

import { create } from '@bufbuild/protobuf'
import { type Deadline, replicaId } from '@vectron/base'
import { placement } from '@vectron/contracts'
import type { GroupPlace, ReplicaHost } from '@vectron/raft'
import type { PlacementContext } from './context.ts'
import { CATALOG_GROUP } from './replicated-catalog.ts'
import { nextMembers } from './seats.ts'

export interface SeatKeeperOptions {
  readonly context: PlacementContext
  readonly host: Pick<ReplicaHost, 'changeMembers'>
  readonly setMembers: (places: readonly GroupPlace[]) => void
}

export class SeatKeeper {
  readonly #options: SeatKeeperOptions
  #told = ''

  constructor(options: SeatKeeperOptions) {
    this.#options = options
  }

  /** The catalog has changed: the transport learns of new seats. */
  onApplied(): void {
    const { membership, catalog } = this.#options.context
    const places = membership.members.map(({ memberId }) => {
      return { replica: replicaId(catalog.state.seatOf(memberId)), nodeId: memberId }
    })
    const text = places.map(({ replica }) => replica).join()
    if (text === this.#told) return
    this.#told = text
    this.#options.setMembers(places)
  }

  /** On the leader: the next change of the group that the seats call for. */
  tick(): void {
    const { context, host } = this.#options
    const { catalog, leadership, membership } = context
    const status = context.status()
    if (leadership.term === undefined || status === undefined) return
    const seats = membership.members.map(({ memberId }) => catalog.state.seatOf(memberId))
    const members = nextMembers(seats, status)
    if (members === undefined) return
    host.changeMembers(CATALOG_GROUP, members, status.membershipVersion + 1n)
  }

  /**
   * A new seat for a member that is without its data; undefined while this member does not lead, or
   * while the old replica is heard of: then somebody else has its folder, or it is just gone.
   */
  async give(memberId: bigint, deadline: Deadline): Promise<bigint | undefined> {
    const { context } = this.#options
    const { catalog, leadership, memory } = context
    const status = context.status()
    if (status?.role !== 'leader') return undefined
    await leadership.enter()
    const present = catalog.state.seatOf(memberId)
    if (status.peers.some(({ replica, active }) => replica === present && active)) return undefined
    const value = create(placement.SeatMemberSchema, { memberId, presentReplicaId: present })
    const result = await catalog.execute({ case: 'seatMember', value }, deadline)
    if (result.kind !== 'replica') return undefined
    memory().events.add(`member ${memberId} of placement comes back without data, as a new replica`)
    return result.replicaId
  }
}
