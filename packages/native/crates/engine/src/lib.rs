//! One shard of a collection: store, vectors, payload indexes, filters, planner, recovery.
//!
//! A host opens a [`Shard`] on [`EngineThreads`], applies the committed entries of its log to it,
//! and asks it to search, read, checkpoint and close. Requests and answers are the protobuf of
//! `engine.v1` ([`messages`]); every call answers through a callback on a thread of the engine.
//! DESIGN.md beside this crate tells how it works and why.

mod allocator;
mod clock;
mod disk;
mod error;
mod fields;
mod filter;
mod ids;
mod lane;
pub mod messages;
mod payload;
mod resident;
mod shard;
mod store;
mod threads;
mod vectors;

pub use clock::WallClock;
pub use error::{EngineError, EngineResult, reason};
pub use shard::{Done, Shard, ShardOptions};
pub use threads::{EngineThreadOptions, EngineThreads};
