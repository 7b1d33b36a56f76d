/**
 * Writes: groups items by the shard that owns them, sends each worker the groups of the shards that
 * it leads in one request, and sends again only the groups that failed for a reason that routing
 * cures.
 *
 * While a shard changes its leader, its group goes to one replica after the other: each either
 * leads or names who does, which is often known there before placement hears of it.
 *
 * The group of one shard is one command: applied whole, or refused whole. A request that touches
 * several shards is not atomic across them: when one group fails for good, others may have been
 * applied, and the error names their shards. Sending the whole again is safe.
 */

import {
  type Deadline,
  type LogIndex,
  logIndex,
  type ShardId,
  toVectronError,
  VectronError,
  type WorkerId,
  workerId,
} from '@vectron/base'
import type { worker } from '@vectron/contracts'
import { chooseLeader } from './replica-choice.ts'
import { toShardError } from './replica-reads.ts'
import { isCuredByRouting } from './retry.ts'
import type { Router } from './router.ts'
import {
  type CollectionRoute,
  hasOneVoter,
  type ShardRoute,
  type WorkerRoute,
} from './routing-table.ts'
import { advancePosition, type ShardPositions } from './shard-positions.ts'

export interface RoutedWrite<T> {
  readonly collection: string
  readonly items: readonly T[]
  readonly shardOf: (route: CollectionRoute, item: T) => ShardRoute
  /** An encoded `engine.v1.WriteCommand` for the items of one shard. */
  readonly encode: (items: readonly T[], shard: ShardId) => Uint8Array
  readonly deadline: Deadline
}

export interface RoutedBroadcast {
  readonly collection: string
  /** The shards to write to; all of the collection when absent. */
  readonly shards?: (route: CollectionRoute) => readonly ShardRoute[]
  /** An encoded `engine.v1.WriteCommand` for one shard. */
  readonly encode: (shard: ShardId) => Uint8Array
  readonly deadline: Deadline
}

export interface WriteOutcome {
  /** Points written, changed or deleted, all shards together. */
  readonly affected: bigint
  /** Where the write stands in each shard's log. */
  readonly positions: ShardPositions
}

/** Writes items to the shards that own them. */
export async function writeItems<T>(router: Router, write: RoutedWrite<T>): Promise<WriteOutcome> {
  const outcome = new OutcomeBuilder()
  const tried = new TriedLeaders()
  let pending: readonly T[] = write.items
  const tries = router.retry({ deadline: write.deadline }, async () => {
    const route = await router.route(write.collection)
    const groups = groupByShard(route, pending, write.shardOf)
    const writes = groups.map(({ shard, items }) => ({
      shard,
      command: write.encode(items, shard.shardId),
    }))
    const failures = await sendWrites(router, { writes, deadline: write.deadline, tried, outcome })
    pending = groups.flatMap(({ shard, items }) => (failures.has(shard.shardId) ? items : []))
    throwWorst(failures)
  })
  return outcome.after(tries)
}

/** Writes one command to every shard of the collection, or to some of them. */
export async function writeEverywhere(
  router: Router,
  write: RoutedBroadcast,
): Promise<WriteOutcome> {
  const outcome = new OutcomeBuilder()
  const tried = new TriedLeaders()
  const tries = router.retry({ deadline: write.deadline }, async () => {
    const route = await router.route(write.collection)
    const writes = (write.shards?.(route) ?? route.shards)
      .filter((shard) => !outcome.positions.has(shard.shardId))
      .map((shard) => ({ shard, command: write.encode(shard.shardId) }))
    throwWorst(await sendWrites(router, { writes, deadline: write.deadline, tried, outcome }))
  })
  return outcome.after(tries)
}

interface ShardGroup<T> {
  readonly shard: ShardRoute
  readonly items: readonly T[]
}

function groupByShard<T>(
  route: CollectionRoute,
  items: readonly T[],
  shardOf: RoutedWrite<T>['shardOf'],
): ShardGroup<T>[] {
  const [only] = route.shards
  if (route.shards.length === 1 && only !== undefined) return [{ shard: only, items }]
  const groups = new Map<ShardRoute, T[]>()
  for (const item of items) {
    const shard = shardOf(route, item)
    const group = groups.get(shard)
    if (group === undefined) groups.set(shard, [item])
    else group.push(item)
  }
  return [...groups].map(([shard, group]) => ({ shard, items: group }))
}

/** The command of one shard. */
interface ShardWrite {
  readonly shard: ShardRoute
  readonly command: Uint8Array
}

interface SentWrites {
  readonly writes: readonly ShardWrite[]
  readonly deadline: Deadline
  readonly tried: TriedLeaders
  readonly outcome: OutcomeBuilder
}

type Failures = Map<ShardId, VectronError>

/** Sends each write to its shard's leader, as far as known. Answers what failed. */
async function sendWrites(router: Router, sent: SentWrites): Promise<Failures> {
  const failures: Failures = new Map()
  const groups = new Map<WorkerRoute, ShardWrite[]>()
  for (const write of sent.writes) {
    const to = sent.tried.next(router, write.shard)
    if (to === undefined) {
      failures.set(write.shard.shardId, router.unavailable(write.shard))
      continue
    }
    const group = groups.get(to)
    if (group === undefined) groups.set(to, [write])
    else group.push(write)
  }
  await Promise.all(
    [...groups].map(([to, writes]) => sendToWorker(router, to, { ...sent, writes }, failures)),
  )
  return failures
}

/** Never rejects. */
async function sendToWorker(
  router: Router,
  to: WorkerRoute,
  { writes, deadline, tried, outcome }: SentWrites,
  failures: Failures,
): Promise<void> {
  const fail = ({ shard }: ShardWrite, failure: VectronError) => {
    failures.set(shard.shardId, failure)
    const leader = failure.metadata?.['leaderWorkerId'] ?? '0'
    if (leader !== '0') router.learnLeader(shard, workerId(BigInt(leader)))
    tried.failed(shard, to)
  }
  try {
    const { answers } = await callWorker(router, to, writes, deadline)
    writes.forEach((write, index) => {
      const { shardId } = write.shard
      const answer = answers[index]?.answer
      if (answer?.case === 'written') outcome.add(shardId, answer.value)
      else fail(write, toShardError(shardId, answer?.value))
    })
  } catch (error) {
    const failure = toVectronError(error)
    for (const write of writes) fail(write, failure)
  }
}

function callWorker(
  router: Router,
  to: WorkerRoute,
  writes: readonly ShardWrite[],
  deadline: Deadline,
): Promise<worker.WriteShardsResponse> {
  const timeoutMs = deadline.remainingMs()
  const request = {
    writes: writes.map(({ shard: { shardId, epoch }, command }) => ({
      shard: { shardId, epoch },
      command,
    })),
  }
  if (!router.hasChoice) {
    return router.calls.callUnwatched(to, timeoutMs, (door, options) =>
      door.writeShards(request, options),
    )
  }
  return router.calls.call(to, { timeoutMs }, (door, options) => door.writeShards(request, options))
}

/** The workers that refused or lost a shard's write since all of its replicas were tried. */
class TriedLeaders {
  readonly #byShard = new Map<ShardId, Set<WorkerId>>()

  /** Who to send the shard's write to next; undefined when it is known that nobody serves it. */
  next(router: Router, shard: ShardRoute): WorkerRoute | undefined {
    const tried = this.#byShard.get(shard.shardId) ?? new Set()
    const next = chooseLeader(router, shard, tried)
    // Who is down leads no more for long; those that are up are asked again before it.
    const isLast = next === undefined || (tried.size > 0 && router.calls.isDown(next))
    if (!isLast) return next
    tried.clear()
    // Placement knows why the shard's only voter does not serve.
    if (shard.failure !== undefined && hasOneVoter(shard)) return undefined
    return chooseLeader(router, shard, tried)
  }

  failed({ shardId }: ShardRoute, { workerId }: WorkerRoute): void {
    const tried = this.#byShard.get(shardId)
    if (tried === undefined) this.#byShard.set(shardId, new Set([workerId]))
    else tried.add(workerId)
  }
}

/** Throws the error of the failures: one that routing does not cure before one that it does. */
function throwWorst(failures: Failures): void {
  let worst: VectronError | undefined
  for (const failure of failures.values()) {
    if (worst === undefined || !isCuredByRouting(failure)) worst = failure
  }
  if (worst !== undefined) throw worst
}

class OutcomeBuilder implements WriteOutcome {
  affected = 0n
  readonly positions = new Map<ShardId, LogIndex>()
  /** The shards of which something was written, changed or deleted. */
  readonly #changed = new Set<ShardId>()

  /** This, when all was tried; else why not, with the shards that have done their part. */
  async after(tries: Promise<void>): Promise<WriteOutcome> {
    try {
      await tries
      return this
    } catch (error) {
      if (this.#changed.size === 0) throw error
      const { reason, message, field, subject, retryAfterMs, metadata } = toVectronError(error)
      const shards = [...this.#changed].sort((a, b) => (a < b ? -1 : 1)).join(', ')
      throw new VectronError(reason, `${message} (written by other shards meanwhile: ${shards})`, {
        field,
        subject,
        retryAfterMs,
        metadata: { ...metadata, writtenShards: shards },
        cause: error,
      })
    }
  }

  add(shardId: ShardId, write: worker.WriteShardResponse): void {
    this.affected += write.affected
    if (write.affected > 0n) this.#changed.add(shardId)
    advancePosition(this.positions, shardId, logIndex(write.logIndex))
  }
}
