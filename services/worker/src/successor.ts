/**
 * Who takes over when a leader gives its group away.
 */
import { type ReplicaId, replicaId } from '@vectron/base'
import type { GroupStatus } from '@vectron/native'

/** Of the other voters the one that lacks least of the log, and answers; undefined for none. */
export function chooseSuccessor({ voters, peers }: GroupStatus): ReplicaId | undefined {
  const [first, ...others] = peers.filter(
    ({ replica, active }) => active && voters.includes(replica),
  )
  if (first === undefined) return undefined
  return replicaId(others.reduce((a, b) => (b.matchIndex > a.matchIndex ? b : a), first).replica)
}
