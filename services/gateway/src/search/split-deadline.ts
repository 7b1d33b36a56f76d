/**
 * How the time of a search is split over its stages.
 *
 * The simple version gives the shards all of it: the moment that the last shard is late, so is the
 * reply, and the caller has left without the answers that there were. Here the fan-out ends early
 * enough for what comes after it.
 */

import { type Clock, type Deadline, deadlineAfter } from '@vectron/base'

/** Share of the time that is left for merging and for the way back, and the most that it may be. */
const REPLY_SHARE = 0.1
const REPLY_MS_MAX = 100
/** Share of the time that is left for reranking, where a search asks for it. */
const RERANK_SHARE = 0.25

/** When shards that have not answered are cut. */
export function fanOutDeadline(
  clock: Clock,
  deadline: Deadline,
  { reranks }: { readonly reranks: boolean },
): Deadline {
  const leftMs = deadline.remainingMs()
  const replyMs = Math.min(REPLY_MS_MAX, leftMs * REPLY_SHARE)
  const rerankMs = reranks ? leftMs * RERANK_SHARE : 0
  return deadlineAfter(clock, leftMs - replyMs - rerankMs)
}
