/** How much of a collection is in its graph already; the rest is scanned exactly meanwhile. */
import { formatShare } from '../../kit/format.ts'
import { StateDot } from '../../kit/state-dot.tsx'

export interface IndexStateProps {
  readonly pointsCount: number
  readonly indexedCount: number
}

export function IndexState({ pointsCount, indexedCount }: IndexStateProps) {
  if (pointsCount === 0) return <StateDot tone="quiet">Empty</StateDot>
  if (indexedCount >= pointsCount) return <StateDot tone="good">Indexed</StateDot>
  return <StateDot tone="warn">{`${formatShare(indexedCount / pointsCount)} indexed`}</StateDot>
}
