/** The door to the Rust addon: three things, each small. */
export type * from './raft-core.ts'
export type * from './raft-log.ts'
export type * from './shard-engine.ts'
