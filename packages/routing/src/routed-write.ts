/**
 * Writes: groups items by the shard that owns them, sends each group to its shard's leader, and
 * sends again only the groups that failed for a reason that routing cures.
 *
 * A request that touches several shards is not atomic across them: when one group fails for good,
 * others may have been applied. Sending the whole again is safe.
 */

import { type Deadline, type LogIndex, logIndex, type ShardId } from '@vectron/base'
import { isCuredByRouting } from './retry.ts'
import type { Router } from './router.ts'
import { type CollectionRoute, type ShardRoute, shardOfId } from './routing-table.ts'

export interface RoutedWrite<T> {
  readonly collection: string
  readonly items: readonly T[]
  readonly idOf: (item: T) => string
  /** An encoded `engine.v1.WriteCommand` for the items of one shard. */
  readonly encode: (items: readonly T[], shard: ShardId) => Uint8Array
  readonly deadline: Deadline
}

export interface RoutedBroadcast {
  readonly collection: string
  /** An encoded `engine.v1.WriteCommand` for one shard. */
  readonly encode: (shard: ShardId) => Uint8Array
  readonly deadline: Deadline
}

export interface WriteOutcome {
  /** Points written, changed or deleted, all shards together. */
  readonly affected: bigint
  /** Where the write stands in each shard's log. */
  readonly positions: ReadonlyMap<ShardId, LogIndex>
}

/** Writes items to the shards that own them. */
export async function writeItems<T>(router: Router, write: RoutedWrite<T>): Promise<WriteOutcome> {
  const outcome = new OutcomeBuilder()
  let pending: readonly T[] = write.items
  await router.retry(write.deadline, async () => {
    const route = await router.route(write.collection)
    const groups = groupByShard(route, pending, write.idOf)
    const sent = groups.map(({ shard, items }) =>
      sendWrite(router, shard, write.encode(items, shard.shardId), write.deadline),
    )
    const failure = await settle(sent, outcome, (failed) => {
      pending = failed.flatMap((index) => groups[index]?.items ?? [])
    })
    if (failure !== undefined) throw failure
  })
  return outcome
}

/** Writes one command to every shard of the collection. */
export async function writeEverywhere(
  router: Router,
  write: RoutedBroadcast,
): Promise<WriteOutcome> {
  const outcome = new OutcomeBuilder()
  await router.retry(write.deadline, async () => {
    const route = await router.route(write.collection)
    const shards = route.shards.filter((shard) => !outcome.positions.has(shard.shardId))
    const sent = shards.map((shard) =>
      sendWrite(router, shard, write.encode(shard.shardId), write.deadline),
    )
    const failure = await settle(sent, outcome, () => {})
    if (failure !== undefined) throw failure
  })
  return outcome
}

interface ShardGroup<T> {
  readonly shard: ShardRoute
  readonly items: readonly T[]
}

function groupByShard<T>(
  route: CollectionRoute,
  items: readonly T[],
  idOf: (item: T) => string,
): ShardGroup<T>[] {
  const [only] = route.shards
  if (route.shards.length === 1 && only !== undefined) return [{ shard: only, items }]
  const groups = new Map<ShardRoute, T[]>()
  for (const item of items) {
    const shard = shardOfId(route, idOf(item))
    const group = groups.get(shard)
    if (group === undefined) groups.set(shard, [item])
    else group.push(item)
  }
  return [...groups].map(([shard, group]) => ({ shard, items: group }))
}

interface ShardWrite {
  readonly shardId: ShardId
  readonly logIndex: LogIndex
  readonly affected: bigint
}

async function sendWrite(
  router: Router,
  shard: ShardRoute,
  command: Uint8Array,
  deadline: Deadline,
): Promise<ShardWrite> {
  const header = { shardId: shard.shardId, epoch: shard.epoch }
  const answer = await router
    .leaderOf(shard)
    .writeShard({ shard: header, command }, { timeoutMs: deadline.remainingMs() })
  return {
    shardId: shard.shardId,
    logIndex: logIndex(answer.logIndex),
    affected: answer.affected,
  }
}

/**
 * Takes in what succeeded, names the failed by their places, and answers the error to throw: one
 * that routing does not cure before one that it does.
 */
async function settle(
  sent: readonly Promise<ShardWrite>[],
  outcome: OutcomeBuilder,
  onFailed: (indexes: readonly number[]) => void,
): Promise<unknown> {
  const failed: number[] = []
  let failure: unknown
  const settled = await Promise.allSettled(sent)
  settled.forEach((result, index) => {
    if (result.status === 'fulfilled') {
      outcome.add(result.value)
      return
    }
    failed.push(index)
    if (failure === undefined || !isCuredByRouting(result.reason)) failure = result.reason
  })
  onFailed(failed)
  return failure
}

class OutcomeBuilder implements WriteOutcome {
  affected = 0n
  readonly positions = new Map<ShardId, LogIndex>()

  add(write: ShardWrite): void {
    this.affected += write.affected
    const known = this.positions.get(write.shardId)
    if (known === undefined || known < write.logIndex) {
      this.positions.set(write.shardId, write.logIndex)
    }
  }
}
