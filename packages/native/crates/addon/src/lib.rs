//! The Node addon: RaftCore, RaftLog and ShardEngine behind napi.
//!
//! Holds no logic: each file binds one thing and lists its calls in the order of the TypeScript
//! file of the same name in packages/native/src. Every export catches panics. Calls that wait for a
//! disk or for another thread take a call number and answer through the completion ring.

#![deny(clippy::all)]
// Exports are registered with Node only outside of tests.
#![cfg_attr(test, allow(dead_code))]

mod aside;
mod completion_ring;
mod failure;
mod js_bytes;
mod raft_core;
mod raft_log;
mod shard_engine;
