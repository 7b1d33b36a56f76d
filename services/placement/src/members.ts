/**
 * The members of placement: the same list on each of them, for the life of the cluster.
 */

import { VectronError } from '@vectron/base'

export interface PlacementMember {
  /** 1 to 5; also its node id and the id of its replica of the catalog. */
  readonly memberId: bigint
  /** Where it answers calls; `host:port`. */
  readonly address: string
  /** Where the other members reach it for Raft; `host:port`. */
  readonly raftAddress: string
}

/** One member and the list that it is of. */
export interface Membership {
  readonly memberId: bigint
  readonly members: readonly PlacementMember[]
}

/** Placement of one process. */
export const SOLE_MEMBER: Membership = {
  memberId: 1n,
  members: [{ memberId: 1n, address: '', raftAddress: '' }],
}

const COUNTS: readonly number[] = [1, 3, 5]

/** @throws VectronError INVALID_ARGUMENT */
export function checkMembership({ memberId, members }: Membership): void {
  const ids = new Set(members.map((member) => member.memberId))
  if (!COUNTS.includes(members.length)) {
    throw invalid(`placement has 1, 3 or 5 members, not ${members.length}`)
  }
  if (ids.size !== members.length) throw invalid('two members of placement have the same id')
  if (!ids.has(memberId)) throw invalid(`member ${memberId} is not in the list of members`)
}

function invalid(why: string): VectronError {
  return new VectronError('INVALID_ARGUMENT', `The members are not valid: ${why}.`, {
    field: 'members',
  })
}
