/** The status of a leader with three other voters, of which one is silent, and a learner. */
import type { GroupStatus, PeerStatus } from '@vectron/native'

export function peer(replica: bigint, matchIndex: bigint, active = true): PeerStatus {
  return { replica, matchIndex, active, snapshot: false }
}

export const LEADER_STATUS: GroupStatus = {
  group: 1n,
  term: 2n,
  leader: 1n,
  role: 'leader',
  commit: 9n,
  applied: 9n,
  lastIndex: 9n,
  firstIndex: 2n,
  voters: [1n, 2n, 3n, 4n],
  learners: [5n],
  votersOutgoing: [],
  membershipVersion: 3n,
  isJoint: false,
  peers: [peer(2n, 7n), peer(3n, 8n), peer(4n, 9n, false), peer(5n, 9n)],
}
