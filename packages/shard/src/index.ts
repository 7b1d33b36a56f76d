/**
 * The replicated unit: commands, propose, apply, read barrier, search. See DESIGN.md.
 */

export { EngineHolder, type EngineHolderOptions } from './engine-holder.ts'
export type { ShardEpoch } from './epoch.ts'
export { encodeSearchRequest, type Query } from './search-request.ts'
export {
  type AppliedWrite,
  SHARD_STAGES,
  Shard,
  type ShardOptions,
  type ShardStage,
} from './shard.ts'
export { holdsShard, ShardFolder, shardOfFolder } from './shard-folder.ts'
export {
  type CommandHead,
  encodeCommand,
  encodeUpsert,
  type PointRecord,
} from './write-command.ts'
