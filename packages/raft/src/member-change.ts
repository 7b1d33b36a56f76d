/**
 * What a leader does to bring its group to the members that are wanted: a pure decision.
 *
 * A leader that is not to be a voter any more hands leadership over first: removed, it could not
 * tell the others that its removal is committed, and they would have to elect.
 */
import { type ReplicaId, replicaId } from '@vectron/base'
import type { GroupMember, GroupStatus } from '@vectron/native'
import { chooseSuccessor } from './successor.ts'

/** Entries that an heir may lack: a transfer that takes longer than an election is in vain. */
const HEIR_LAG_MAX = 1000n

/** What became of a wish for members. */
export type MemberChange =
  /** GroupStatus.membershipVersion and isJoint tell when it is done. */
  | { readonly kind: 'proposed' }
  /** The group has this version of its members or a higher one. */
  | { readonly kind: 'unchanged' }
  /** An earlier change or a transfer is not done: ask again. */
  | { readonly kind: 'under-way' }
  /** Leadership goes to a voter that stays: ask that one. */
  | { readonly kind: 'transferring'; readonly to: ReplicaId }

export interface WantedMembers {
  readonly status: GroupStatus
  readonly self: ReplicaId
  readonly members: readonly GroupMember[]
  readonly version: bigint
}

export function planMemberChange({
  status,
  self,
  members,
  version,
}: WantedMembers): MemberChange | { readonly kind: 'propose' } {
  if (status.role !== 'leader') return { kind: 'propose' }
  if (version <= status.membershipVersion) return { kind: 'unchanged' }
  if (status.isJoint) return { kind: 'under-way' }
  const voters = new Set(members.filter(({ learner }) => !learner).map(({ replica }) => replica))
  if (voters.has(self)) return { kind: 'propose' }
  const heir = chooseSuccessor(status, (replica) => voters.has(replicaId(replica)))
  if (heir === undefined) return { kind: 'propose' }
  if (heir.matchIndex + HEIR_LAG_MAX < status.lastIndex) return { kind: 'under-way' }
  return { kind: 'transferring', to: replicaId(heir.replica) }
}
