/**
 * Branded ids: a bare number never crosses a package's door.
 *
 * All are unsigned 64-bit integers held as bigint, because a JavaScript number rounds beyond 2^53.
 */
import { assert } from './assert.ts'

declare const brand: unique symbol

type Branded<Name extends string> = bigint & { readonly [brand]: Name }

/** One shard of one collection. Never reused. */
export type ShardId = Branded<'ShardId'>
/** One replica of one Raft group. Never reused; a replica that lost its disk gets a new one. */
export type ReplicaId = Branded<'ReplicaId'>
/** One worker process; lies on its disk. */
export type WorkerId = Branded<'WorkerId'>
/** One Raft group: a shard's, or placement's own (group 0). */
export type GroupId = Branded<'GroupId'>
/** A Raft term. */
export type Term = Branded<'Term'>
/** A position in a Raft log; the first entry is 1, 0 stands before it. */
export type LogIndex = Branded<'LogIndex'>

const U64_MAX = (1n << 64n) - 1n

function checkU64(value: bigint, name: string): bigint {
  assert(value >= 0n && value <= U64_MAX, `${name} ${value} is no unsigned 64-bit integer`)
  return value
}

export const shardId = (value: bigint): ShardId => checkU64(value, 'shard id') as ShardId
export const replicaId = (value: bigint): ReplicaId => checkU64(value, 'replica id') as ReplicaId
export const workerId = (value: bigint): WorkerId => checkU64(value, 'worker id') as WorkerId
export const groupId = (value: bigint): GroupId => checkU64(value, 'group id') as GroupId
export const term = (value: bigint): Term => checkU64(value, 'term') as Term
export const logIndex = (value: bigint): LogIndex => checkU64(value, 'log index') as LogIndex

/** The Raft group that replicates a shard. Group 0 is placement's, so shard ids start at 1. */
export function groupOfShard(shard: ShardId): GroupId {
  assert(shard > 0n, 'shard ids start at 1')
  return groupId(shard)
}
