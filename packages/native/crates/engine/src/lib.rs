//! One shard of a collection: store, vectors, payload indexes, planner, recovery.

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

pub use error::{EngineError, EngineResult, reason};
pub use shard::{Done, Shard, ShardOptions};
pub use threads::{EngineThreadOptions, EngineThreads};
