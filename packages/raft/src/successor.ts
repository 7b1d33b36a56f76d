/**
 * Who takes over when a leader gives its group away.
 */
import type { GroupStatus, PeerStatus } from '@vectron/native'

/**
 * Of the other voters, and of those the ones that `among` names, the one that answers and lacks
 * least of the log; undefined for none.
 */
export function chooseSuccessor(
  { voters, peers }: GroupStatus,
  among: (replica: bigint) => boolean = () => true,
): PeerStatus | undefined {
  const [first, ...others] = peers.filter(
    ({ replica, active }) => active && voters.includes(replica) && among(replica),
  )
  if (first === undefined) return undefined
  return others.reduce((a, b) => (b.matchIndex > a.matchIndex ? b : a), first)
}
