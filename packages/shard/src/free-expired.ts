/**
 * Frees the points of a shard whose time has come: the leader names them in a command.
 *
 * Reads hide such points by themselves, each by the clock of its replica. What a replica keeps must
 * follow from the log alone, so it is a command that takes them out of stores and indexes: some at
 * a time, and only those that have expired by the time that the command itself tells.
 */

import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import type { CancelTimer, Clock } from '@vectron/base'
import { engine } from '@vectron/contracts'
import type { ShardEngine } from '@vectron/native'
import { encodeCommand } from './write-command.ts'

/** Looks are at whole multiples, in milliseconds: what is hidden already is in no hurry. */
const PAUSE_MS = 1000
/** Points of one command: a small batch, so that other writes go on between. */
const BATCH_POINTS = 1000

const READ = toBinary(
  engine.ReadRequestSchema,
  create(engine.ReadRequestSchema, {
    read: { case: 'expired', value: { limit: BATCH_POINTS } },
  }),
)

export interface ExpiryOptions {
  readonly clock: Clock
  /** Undefined while this replica does not lead, or has no engine. */
  readonly leading: () => ShardEngine | undefined
  /** Proposes a command and settles when it is applied. */
  readonly propose: (command: Uint8Array) => Promise<unknown>
}

/**
 * Looks now and then until it is cancelled. All shards of a process look in the same turn of the
 * event loop: a thousand at rest wake it once a second, not a thousand times.
 */
export function freeExpired(options: ExpiryOptions): CancelTimer {
  const { clock } = options
  const pauseMs = () => PAUSE_MS - (Math.floor(clock.monotonicUs() / 1000) % PAUSE_MS)
  let cancel: CancelTimer = () => {}
  let isCancelled = false
  const look = async () => {
    // What fails is tried again: the next leader sees the same points.
    const freed = await freeSome(options).catch(() => 0)
    if (isCancelled) return
    cancel = clock.setTimer(freed === BATCH_POINTS ? 0 : pauseMs(), look)
  }
  cancel = clock.setTimer(pauseMs(), look)
  return () => {
    isCancelled = true
    cancel()
  }
}

/** Frees up to one batch; answers how many points that were. */
async function freeSome({ clock, leading, propose }: ExpiryOptions): Promise<number> {
  const open = leading()
  if (open === undefined || !open.hasExpired()) return 0
  const { points } = fromBinary(engine.ReadResultSchema, await open.read(READ))
  if (points.length === 0) return 0
  const timeMs = clock.nowMs()
  const value = create(engine.DeletePointsSchema, {
    ids: points.map(({ id }) => id),
    expiredByMs: BigInt(Math.floor(timeMs)),
  })
  await propose(encodeCommand({ requestId: '', timeMs }, { case: 'delete', value }))
  return points.length
}
