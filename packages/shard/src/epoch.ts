/**
 * The check that a caller does not speak of an older shard: other members, another range.
 *
 * A caller that knows newer members than the group has may go on: placement decides on members
 * before the group changes to them, and Raft alone decides what the present ones may do. A range is
 * different: two replicas that serve different ranges would both answer for one point.
 */

import { type ShardId, VectronError } from '@vectron/base'

/** Version of a shard: grows with each change of members, and of the range. */
export interface ShardEpoch {
  readonly membership: bigint
  readonly range: bigint
}

/** @throws VectronError STALE_EPOCH naming both epochs. */
export function checkEpoch(shard: ShardId, own: ShardEpoch, named: ShardEpoch | undefined): void {
  const isCurrent = named !== undefined && named.membership >= own.membership
  if (isCurrent && named.range === own.range) return
  throw new VectronError(
    'STALE_EPOCH',
    `Shard ${shard} is at epoch ${formatEpoch(own)}, the request names ${formatEpoch(named)}.`,
    {
      subject: `shard ${shard}`,
      metadata: { membership: `${own.membership}`, range: `${own.range}` },
    },
  )
}

function formatEpoch(epoch: ShardEpoch | undefined): string {
  return epoch === undefined ? 'none' : `${epoch.membership}.${epoch.range}`
}
