/** The door to the Rust addon: three things, each small. */
export {
  type CommittedEntry,
  type CommittedKind,
  type CreateGroupOptions,
  createRaftCore,
  type FailedGroup,
  type GroupCommits,
  type GroupMember,
  type GroupStatus,
  type OutgoingMessage,
  type PollResult,
  type ProposeResult,
  type RaftCore,
  type RaftCoreOptions,
  type RaftRole,
  type ReadState,
} from './raft-core.ts'
export { openRaftLog, type RaftLog, type RaftLogOptions } from './raft-log.ts'
export {
  type ApplyEntry,
  configureEngine,
  type EngineOptions,
  openShardEngine,
  type ShardEngine,
  type ShardEngineOptions,
} from './shard-engine.ts'
