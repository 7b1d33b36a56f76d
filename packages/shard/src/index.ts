/**
 * The replicated unit: commands, propose, apply, read barrier, search. See DESIGN.md.
 */

export type { ShardEpoch } from './epoch.ts'
export { encodeSearchRequest, type Query } from './search-request.ts'
export { type AppliedWrite, Shard, type ShardOptions } from './shard.ts'
export { encodeCommand, encodeUpsert, type PointRecord } from './write-command.ts'
