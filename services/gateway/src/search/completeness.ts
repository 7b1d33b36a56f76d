/** Says in a reply how far its results can be relied on. */

import { create } from '@bufbuild/protobuf'
import { vectron } from '@vectron/contracts'

export interface CompletenessOf {
  /** No nearer point exists, of all shards that were needed. */
  readonly exact: boolean
  /** Shards that gave up. */
  readonly missing: readonly vectron.ShardMissing[]
  /** Shards that have not answered, the missing ones among them. */
  readonly unanswered: number
  /** What else keeps results out. */
  readonly truncatedBy: readonly string[]
}

export function completenessOf(of: CompletenessOf): vectron.Completeness {
  const { exact, missing, unanswered } = of
  const { EXACT, APPROXIMATE, TRUNCATED } = vectron.CompletenessKind
  if (unanswered === 0 && of.truncatedBy.length === 0) {
    return create(vectron.CompletenessSchema, { kind: exact ? EXACT : APPROXIMATE })
  }
  const truncatedBy = [
    ...missing.map(({ shardId, reason }) => `shard ${shardId} did not answer: ${reason}`),
    ...of.truncatedBy,
  ]
  const late = unanswered - missing.length
  if (late > 0)
    truncatedBy.push(`${late} ${late === 1 ? 'shard has' : 'shards have'} yet to answer`)
  return create(vectron.CompletenessSchema, { kind: TRUNCATED, truncatedBy })
}
