/**
 * The check that a caller and a shard speak of the same shard: same members, same range.
 */

import { type ShardId, VectronError } from '@vectron/base'

/** Version of a shard: grows with each change of members, and of the range. */
export interface ShardEpoch {
  readonly membership: bigint
  readonly range: bigint
}

/** @throws VectronError STALE_EPOCH naming both epochs, whichever of the two is behind. */
export function checkEpoch(shard: ShardId, own: ShardEpoch, named: ShardEpoch | undefined): void {
  if (named?.membership === own.membership && named.range === own.range) return
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
