/**
 * Session tokens: where a write stands in the log of each shard that it touched.
 *
 * A read with the token waits until those shards have applied that far. The body is pairs of
 * little-endian u64: shard id, log index.
 */

import {
  concatBytes,
  type LogIndex,
  logIndex,
  type ShardId,
  shardId,
  u64FromBytes,
  u64ToBytes,
  VectronError,
} from '@vectron/base'
import { openToken, sealToken } from './sealed-token.ts'
import type { ShardPositions } from './shard-positions.ts'

const PAIR_BYTES = 16

/** For each shard the log index that a read must have seen. */

export function encodeSessionToken(clusterId: string, positions: ShardPositions): string {
  const pairs = [...positions].flatMap(([shard, index]) => [u64ToBytes(shard), u64ToBytes(index)])
  return sealToken({ clusterId, purpose: 'session' }, concatBytes(pairs))
}

/** @throws VectronError INVALID_SESSION_TOKEN */
export function parseSessionToken(clusterId: string, text: string): ShardPositions {
  const body = openToken({ clusterId, purpose: 'session' }, text)
  if (body === undefined || body.length % PAIR_BYTES !== 0) {
    throw new VectronError(
      'INVALID_SESSION_TOKEN',
      'the session token was not made by this cluster, or was changed on the way',
      { field: 'sessionToken' },
    )
  }
  const positions = new Map<ShardId, LogIndex>()
  for (let at = 0; at < body.length; at += PAIR_BYTES) {
    positions.set(shardId(u64FromBytes(body, at)), logIndex(u64FromBytes(body, at + 8)))
  }
  return positions
}
