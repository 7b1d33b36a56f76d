/**
 * Seats: under which replica id each member of placement takes part in the catalog's group.
 *
 * At first it is its member id. A member that lost its disk must never vote under that id again, so
 * it gets another: the old replica leaves the group, the new one joins as a learner, and votes once
 * it has what the leader has. Pure; the leader carries it out one change after the other.
 */

import { replicaId } from '@vectron/base'
import type { GroupStatus } from '@vectron/native'
import type { GroupMember } from '@vectron/raft'
import type { Catalog } from './catalog.ts'
import type { Membership, PlacementMember } from './members.ts'
import { PLAN_SETTINGS } from './planning/plan-settings.ts'
import { hasLog } from './planning/shard-health.ts'

/** The member that has a replica of the catalog's group. */
export function memberAt(
  { members }: Membership,
  catalog: Catalog,
  replica: bigint,
): PlacementMember | undefined {
  return members.find(({ memberId }) => catalog.seatOf(memberId) === replica)
}

/** The members that the group is to have next; undefined while nothing is to be changed. */
export function nextMembers(
  seats: readonly bigint[],
  status: GroupStatus,
): readonly GroupMember[] | undefined {
  const { voters, learners, isJoint, lastIndex, peers } = status
  if (isJoint) return undefined
  const present = [...voters, ...learners]
  const isChanged =
    seats.some((seat) => !present.includes(seat)) || present.some((one) => !seats.includes(one))
  if (isChanged) {
    return seats.map((seat) => ({ replica: replicaId(seat), learner: !voters.includes(seat) }))
  }
  const log = { lastIndex, lag: PLAN_SETTINGS.caughtUpLag }
  const ready = peers.filter(
    (peer) => learners.includes(peer.replica) && peer.active && hasLog(peer, log),
  )
  if (ready.length === 0) return undefined
  return present.map((one) => ({
    replica: replicaId(one),
    learner: learners.includes(one) && !ready.some(({ replica }) => replica === one),
  }))
}
